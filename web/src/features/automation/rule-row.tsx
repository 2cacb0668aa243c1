import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { count } from "@/lib/format";
import type { Names } from "@/lib/rule-names";
import { useHasRole } from "@/lib/session";
import { Tag } from "@/ui/tag";
import classes from "./automation.module.css";
import { obstacleOf } from "./obstacle";
import { useSetEnabled } from "./queries";
import type { Rule } from "./shapes";
import { ruleSentence } from "./words";

interface RuleRowProps {
  rule: Rule;
  names: Names | undefined;
  undoSeconds: number;
}

export function RuleRow({ rule, names, undoSeconds }: RuleRowProps): ReactNode {
  const { id, definition, is_enabled, today, last_run_at } = rule;
  const mayEdit = useHasRole("admin");
  const { mutate, isPending, error } = useSetEnabled();
  const obstacle = is_enabled ? null : obstacleOf(rule);
  const runs = (status: string): string => `/automacao/execucoes?regra=${id}&situacao=${status}`;
  return (
    <tr data-rule={definition.name}>
      <td>
        <input
          type="checkbox"
          className={classes.switch}
          aria-label={`Ligar ${definition.name}`}
          checked={is_enabled}
          disabled={!mayEdit || isPending || obstacle !== null}
          onChange={() => mutate({ id, isEnabled: !is_enabled })}
        />
      </td>
      <td className={classes.rule}>
        <Link href={`/automacao/regras/${id}`}>{definition.name}</Link>
        {today.queued > 0 && <Tag tone="busy">{count(today.queued)} na fila</Tag>}
        <p>{ruleSentence(definition, names, undoSeconds)}</p>
        {obstacle && mayEdit && <p className={classes.obstacle}>Para ligar: {obstacle}</p>}
        {error && (
          <p role="alert" className={classes.refusal}>
            {sentenceFor(error)}
          </p>
        )}
      </td>
      <td className={classes.number} data-label="Feitas hoje">
        <Found found={today.done} href={runs("feita")} label="feitas hoje" />
      </td>
      <td className={classes.number} data-label="Puladas">
        <Found found={today.skipped} href={runs("nao-se-aplica")} label="puladas hoje" />
      </td>
      <td className={classes.number} data-label="Falharam">
        <Found found={today.failed} href={runs("falhou")} label="falharam hoje" />
      </td>
      <td className={classes.when} data-label="Última execução">
        {last_run_at ? <time dateTime={last_run_at}>{moment(last_run_at)}</time> : <span>nenhuma</span>}
      </td>
    </tr>
  );
}

/** The rows behind it are one click away. */
function Found({ found, href, label }: { found: number; href: string; label: string }): ReactNode {
  if (found === 0) return <span className={classes.faint}>0</span>;
  return (
    <Link href={href}>
      {count(found)} <span className="hidden-visually">{label}</span>
    </Link>
  );
}
