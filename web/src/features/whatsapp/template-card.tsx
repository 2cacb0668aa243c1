import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { categoryName, obstacleText } from "@/lib/message-words";
import { Tag } from "@/ui/tag";
import type { Template } from "./queries";
import { TemplateForm } from "./template-form";
import classes from "./whatsapp.module.css";
import { fieldName, providerName, statusWords } from "./words";

interface CardProps {
  template: Template;
  isOpen: boolean;
  onToggle: () => void;
}

export function TemplateCard({ template, isOpen, onToggle }: CardProps): ReactNode {
  const { name, provider, account, language, category, status, provider_status, obstacle, synced_at } = template;
  const { label, tone } = statusWords(status);
  return (
    <li className={classes.template} aria-label={name}>
      <div className={classes.row}>
        <div className={classes.what}>
          <p>
            <strong>{name}</strong>{" "}
            <span className={classes.note}>
              {providerName(provider)}
              {account && ` · conta ${account}`} · {language} · {categoryName(category)}
              {synced_at && ` · conferido ${moment(synced_at)}`}
            </span>
          </p>
          <p className={classes.tags}>
            <Tag tone={tone} {...(provider_status && { title: `No provedor: ${provider_status}` })}>
              {label}
            </Tag>
            {obstacle ? (
              <span className={classes.obstacle}>{obstacleText(obstacle)}</span>
            ) : (
              <Tag tone="good">pronto para enviar</Tag>
            )}
          </p>
          <p className={classes.text}>{readable(template)}</p>
        </div>
        <Button
          size="compact-sm"
          variant="default"
          aria-expanded={isOpen}
          aria-label={`${isOpen ? "Fechar" : "Preencher e ver"} ${name}`}
          onClick={onToggle}
        >
          {isOpen ? "Fechar" : "Preencher e ver"}
        </Button>
      </div>
      {isOpen && <TemplateForm template={template} />}
    </li>
  );
}

/** "Olá, {{1}}" → "Olá, ‹primeiro nome›". */
function readable({ body, variables }: Template): string {
  return body.replace(/\{\{(\d+)\}\}/g, (_, position: string) => {
    const field = variables[Number(position) - 1];
    return `‹${field ? fieldName(field) : `variável ${position}`}›`;
  });
}
