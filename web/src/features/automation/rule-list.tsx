import type { ReactNode } from "react";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./automation-page.module.css";
import { type CollectionRule, type RuleTemplate, useRules } from "./queries";
import { readableTemplate } from "./template-text";

const meanings: Record<string, string> = {
  human_answered: "uma tabulação em que alguém atendeu",
  right_party: "uma tabulação em que se falou com o próprio cliente",
  is_callback: "uma tabulação que marca retorno",
  unworkable: "uma tabulação de contato incorreto",
  opens_negotiation: "uma tabulação que abre negociação",
};

/** "Depois de Caixa Postal", "3 dias depois do vencimento da parcela". */
function occasion(rule: CollectionRule): ReactNode {
  if (rule.trigger === "disposition")
    return (
      <>
        Depois de <strong>{rule.type?.label ?? meanings[rule.disposition_meaning ?? ""] ?? "uma tabulação"}</strong>
      </>
    );
  const days = rule.day_offset ?? 0;
  const count = Math.abs(days) === 1 ? "1 dia" : `${Math.abs(days)} dias`;
  const what = rule.trigger === "debt_due" ? "do título sem acordo" : "da parcela do acordo";
  return (
    <strong>
      {days === 0 ? "No dia" : days < 0 ? `${count} antes` : `${count} depois`} do vencimento {what}
    </strong>
  );
}

function Step({ rule, template }: { rule: CollectionRule; template: RuleTemplate }): ReactNode {
  return (
    <>
      <p>
        {occasion(rule)}, envia “{template.name}” por WhatsApp.
      </p>
      {template.status !== "approved" && <Tag tone="warn">modelo não aprovado</Tag>}
      <p className={classes.template}>{readableTemplate(template)}</p>
    </>
  );
}

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
          {rule.steps
            .filter((step) => step.version === rule.version && step.template)
            .map(({ position, template }) => (
              <Step key={position} rule={rule} template={template as RuleTemplate} />
            ))}
        </li>
      ))}
    </ul>
  );
}
