import { TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useDeferredValue, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { documentNumber } from "@/lib/format";
import { type Found, previewTemplate, type Template, useFoundClients } from "./queries";
import classes from "./whatsapp.module.css";
import { fieldName } from "./words";

/** The template as one debtor of ours would read it, with the fields that are saved. */
export function TemplatePreview({ template }: { template: Template }): ReactNode {
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<Found | null>(null);
  const { data: found } = useFoundClients(useDeferredValue(typed.trim()));
  const preview = useMutation({ mutationFn: (client: Found) => previewTemplate(template.id, client.id) });
  const choose = (client: Found): void => {
    setChosen(client);
    setTyped("");
    preview.mutate(client);
  };
  return (
    <section className={classes.preview} aria-label={`Prévia de ${template.name}`}>
      <TextInput
        label="Ver como um cliente leria"
        placeholder="Nome, CPF, telefone ou contrato"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {typed.trim().length >= 3 && found && (
        <ul aria-label="Clientes encontrados" className={classes.found}>
          {found.length === 0 && <li className={classes.note}>Ninguém encontrado.</li>}
          {found.map((client) => (
            <li key={client.id}>
              <button type="button" onClick={() => choose(client)}>
                {client.name} <span className={classes.note}>{documentNumber(client.document)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <div role="status">
        {chosen && preview.data && (
          <>
            <p className={classes.note}>Para {chosen.name}:</p>
            {template.header_type && <p className={classes.note}>[{template.header_name ?? "arquivo do cabeçalho"}]</p>}
            <p className={classes.bubble}>{preview.data.body}</p>
            {preview.data.missing.length > 0 && (
              <p className={classes.note} data-strong>
                Esta pessoa não receberia: falta {preview.data.missing.map((name) => missingName(name)).join(", ")}.
              </p>
            )}
          </>
        )}
      </div>
      {preview.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(preview.error)}
        </p>
      )}
    </section>
  );
}

function missingName(field: string): string {
  return field === "" ? "ligar uma variável a um campo" : fieldName(field);
}
