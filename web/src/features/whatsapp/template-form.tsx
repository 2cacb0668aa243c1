import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { bindTemplate, type Template, whatsappKey } from "./queries";
import { TemplatePreview } from "./template-preview";
import classes from "./whatsapp.module.css";
import { chargeFields, extraPrefix, fields } from "./words";

const kinds: Record<string, string> = { image: "imagem", document: "documento", video: "vídeo" };

/** Which field fills each variable, which file the header shows, and how one debtor would read it. */
export function TemplateForm({ template }: { template: Template }): ReactNode {
  const queryClient = useQueryClient();
  const [variables, setVariables] = useState(template.variables);
  const [link, setLink] = useState(template.header_link ?? "");
  const [fileName, setFileName] = useState(template.header_name ?? "");
  const kind = kinds[template.header_type ?? ""];
  const isLink = link === "" || /^https:\/\/\S{4,2000}$/.test(link);
  const save = useMutation({
    mutationFn: () =>
      bindTemplate(template.id, {
        variables,
        header_link: link.trim() || null,
        header_name: fileName.trim() || null,
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: whatsappKey }),
  });
  const bind = (place: number, field: string): void =>
    setVariables(variables.map((known, each) => (each === place ? field : known)));
  const isReady = isLink && variables.every((field) => field !== extraPrefix);
  return (
    <div className={classes.form}>
      <form
        className={classes.form}
        aria-label={`Campos de ${template.name}`}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <div className={classes.grid}>
          {variables.map((field, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a variable is its number
            <Binding key={place} number={place + 1} field={field} onChange={(next) => bind(place, next)} />
          ))}
          {kind && (
            <TextInput
              label={`Link do arquivo do cabeçalho (${kind})`}
              description="Endereço público, que o provedor baixa a cada envio"
              placeholder="https://…"
              value={link}
              error={isLink ? undefined : "Um endereço que começa com https://"}
              onChange={(event) => setLink(event.currentTarget.value)}
            />
          )}
          {template.header_type === "document" && (
            <TextInput
              label="Nome do arquivo para quem recebe"
              placeholder="fatura.pdf"
              maxLength={100}
              value={fileName}
              onChange={(event) => setFileName(event.currentTarget.value)}
            />
          )}
        </div>
        {save.error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(save.error)}
          </p>
        )}
        {(variables.length > 0 || kind) && (
          <div className={classes.buttons}>
            <Button type="submit" size="compact-sm" loading={save.isPending} disabled={!isReady}>
              Salvar campos
            </Button>
            <span role="status" className={classes.good}>
              {save.isSuccess && "Campos salvos."}
            </span>
          </div>
        )}
      </form>
      <TemplatePreview template={template} />
    </div>
  );
}

interface BindingProps {
  number: number;
  field: string;
  onChange: (field: string) => void;
}

function Binding({ number, field, onChange }: BindingProps): ReactNode {
  const isExtra = field.startsWith(extraPrefix);
  return (
    <>
      <NativeSelect
        label={`Variável ${number}`}
        value={isExtra ? extraPrefix : field}
        data={[
          { value: "", label: "escolha o campo" },
          ...fields,
          { value: extraPrefix, label: "um campo da carteira importada…" },
          { group: "Só ao enviar uma cobrança", items: chargeFields },
        ]}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {isExtra && (
        <TextInput
          label={`Campo da carteira (variável ${number})`}
          description="O nome da coluna na importação"
          required
          maxLength={60}
          value={field.slice(extraPrefix.length)}
          onChange={(event) => onChange(extraPrefix + event.currentTarget.value.replaceAll(".", ""))}
        />
      )}
    </>
  );
}
