import { Button, NativeSelect } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { saveCsv } from "@/lib/csv";
import { day } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { ErrorState, Skeleton } from "@/ui/states";
import classes from "./panel.module.css";
import { useNumbers } from "./queries";
import type { Card, Figure, Group, PanelFilter, Split } from "./shapes";
import { splitFile } from "./split-file";
import { figureText } from "./words";

/** What is compared: enough for a decision, few enough for a screen. The file has them all. */
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
  "productive_hours",
  "agreements_per_hour",
  "received_per_hour",
];
const headings: Record<Exclude<Split, "">, string> = {
  operator: "Operador",
  team: "Equipe",
  creditor: "Credor",
  day: "Dia",
};
const nobody: Record<Exclude<Split, "">, string> = {
  operator: "Automático",
  team: "Sem equipe",
  creditor: "—",
  day: "—",
};

/** The scope of one row of the table; nothing when it cannot be asked for alone. */
function within(filter: PanelFilter, split: Exclude<Split, "">, key: string): PanelFilter | null {
  if (key === "") return null;
  if (split === "day") return { ...filter, from: key, to: key };
  return { ...filter, [`${split}_id`]: key };
}

interface SplitTableProps {
  cards: Card[];
  filter: PanelFilter;
  onOpen: (card: Card, figure: Figure | undefined, filter: PanelFilter) => void;
}

export function SplitTable({ cards, filter, onOpen }: SplitTableProps): ReactNode {
  const [split, setSplit] = useState<Exclude<Split, "">>("operator");
  const { data, error, refetch } = useNumbers(filter, split, true);
  const shown = cards.filter(({ code }) => columns.includes(code));
  const name = (group: Group): string => (split === "day" ? day(group.key) : (group.label ?? nobody[split]));
  const groups = data?.groups ?? [];
  const cell = (group: Group, card: Card): ReactNode => {
    const figure = group.kpis[card.code];
    const scope = within(filter, split, group.key);
    const text = figureText(card.unit, figure);
    if (!scope || !figure?.numerator) return text;
    return (
      <button
        type="button"
        className={classes.cell}
        aria-label={`${name(group)}: ${card.name} ${text}`}
        onClick={() => onOpen(card, figure, scope)}
      >
        {text}
      </button>
    );
  };
  return (
    <Panel
      title="Comparar"
      aside={
        <div className={classes.aside}>
          <NativeSelect
            size="xs"
            aria-label="Comparar por"
            value={split}
            data={Object.entries(headings).map(([value, label]) => ({ value, label: `por ${label.toLowerCase()}` }))}
            onChange={({ currentTarget: { value } }) => setSplit(value as Exclude<Split, "">)}
          />
          <Button
            size="compact-sm"
            variant="default"
            disabled={groups.length === 0}
            onClick={() =>
              saveCsv(`Painel por ${headings[split].toLowerCase()} ${filter.from} a ${filter.to}`, [
                splitFile(headings[split], cards, groups, name),
              ])
            }
          >
            Baixar CSV
          </Button>
        </div>
      }
    >
      {error && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton width="100%" height={120} />}
      {data && groups.length === 0 && <p className={classes.note}>Nada aconteceu neste período.</p>}
      {groups.length > 0 && (
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
              {groups.map((group) => (
                <tr key={group.key}>
                  <th scope="row">{name(group)}</th>
                  {shown.map((card) => (
                    <td key={card.code} data-right>
                      {cell(group, card)}
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
