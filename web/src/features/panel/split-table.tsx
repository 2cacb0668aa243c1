import { NativeSelect } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { day } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { ErrorState, Skeleton } from "@/ui/states";
import classes from "./panel.module.css";
import { useNumbers } from "./queries";
import type { Card, Group, PanelFilter, Split } from "./shapes";
import { figureText } from "./words";

/** What is compared: enough for a decision, few enough for a screen. */
const columns = [
  "attempts",
  "clients_attempted",
  "right_party",
  "right_party_per_alo",
  "agreements",
  "conversion",
  "agreed",
  "received",
  "promises_kept",
];
const headings: Record<Exclude<Split, "">, string> = { operator: "Operador", creditor: "Credor", day: "Dia" };

export function SplitTable({ cards, filter }: { cards: Card[]; filter: PanelFilter }): ReactNode {
  const [split, setSplit] = useState<Exclude<Split, "">>("operator");
  const { data, error, refetch } = useNumbers(filter, split, true);
  const shown = cards.filter(({ code }) => columns.includes(code));
  const name = (group: Group): string =>
    split === "day" ? day(group.key) : (group.label ?? (split === "operator" ? "Automático" : "—"));
  return (
    <Panel
      title="Comparar"
      aside={
        <NativeSelect
          aria-label="Comparar por"
          value={split}
          data={[
            { value: "operator", label: "por operador" },
            { value: "creditor", label: "por credor" },
            { value: "day", label: "por dia" },
          ]}
          onChange={({ currentTarget: { value } }) => setSplit(value as Exclude<Split, "">)}
        />
      }
    >
      {error && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton width="100%" height={120} />}
      {data && data.groups.length === 0 && <p className={classes.note}>Nada aconteceu neste período.</p>}
      {data && data.groups.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
        <section className={classes.scroll} tabIndex={0} aria-label="Comparação">
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">{headings[split]}</th>
                {shown.map(({ code, name: title, sentence }) => (
                  <th key={code} scope="col" title={sentence} data-right>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.groups.map((group) => (
                <tr key={group.key}>
                  <th scope="row">{name(group)}</th>
                  {shown.map(({ code, unit }) => (
                    <td key={code} data-right>
                      {figureText(unit, group.kpis[code])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}
