import { NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { RuleTemplate } from "@/lib/rule-names";
import { Tag } from "@/ui/tag";
import classes from "./editor.module.css";
import { readableTemplate } from "./template-text";

interface TemplateFieldProps {
  templates: RuleTemplate[] | undefined;
  chosen: string | null;
  onChange: (id: string | null) => void;
}

export function TemplateField({ templates, chosen, onChange }: TemplateFieldProps): ReactNode {
  const template = templates?.find(({ id }) => id === chosen);
  return (
    <>
      <NativeSelect
        label="Modelo da mensagem"
        value={chosen ?? ""}
        onChange={(event) => onChange(event.currentTarget.value || null)}
        data={[
          { value: "", label: "Escolha" },
          ...(templates ?? []).map((each) => ({
            value: each.id,
            label: `${fullName(each, templates ?? [])}${each.status === "approved" ? "" : " (não aprovado)"}`,
          })),
        ]}
      />
      {templates?.length === 0 && (
        <p className={classes.note}>
          Nenhum modelo ainda: traga os que o provedor aprovou em <Link href="/configuracoes/whatsapp">WhatsApp</Link>.
        </p>
      )}
      {template && template.status !== "approved" && <Tag tone="warn">modelo não aprovado: nada será enviado</Tag>}
      {template && <p className={classes.template}>{readableTemplate(template)}</p>}
    </>
  );
}

/** With its account where another has the same name. */
function fullName({ id, name, account }: RuleTemplate, all: RuleTemplate[]): string {
  const isShared = all.some((other) => other.name === name && other.id !== id);
  return isShared && account ? `${name} · ${account}` : name;
}
