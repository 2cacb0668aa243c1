import type { ReactNode } from "react";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./automation-page.module.css";
import { useRules } from "./queries";
import { readableTemplate } from "./template-text";

export function RuleList(): ReactNode {
  const { data: rules, error, refetch } = useRules();
  if (!rules) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
  if (rules.length === 0)
    return <EmptyState title="Nenhuma regra">As tabulações não acionam nada por enquanto.</EmptyState>;
  return (
    <ul className={classes.rules}>
      {rules.map((rule) => (
        <li key={rule.id}>
          <div className={classes.ruleHead}>
            <strong>{rule.name}</strong>
            <Tag tone={rule.is_enabled ? "good" : "neutral"}>{rule.is_enabled ? "ligada" : "desligada"}</Tag>
          </div>
          <p>
            Depois de <strong>{rule.type.label}</strong>, envia “{rule.template.name}” por WhatsApp.
          </p>
          {rule.template.status !== "approved" && <Tag tone="warn">modelo não aprovado</Tag>}
          <p className={classes.template}>{readableTemplate(rule.template)}</p>
        </li>
      ))}
    </ul>
  );
}
