import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { GoodNews } from "@/ui/good-news";
import { Panel } from "@/ui/panel";
import { ShowMore } from "@/ui/show-more";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { FailureRow } from "./failure-row";
import classes from "./failures.module.css";
import { type Failure, type FailureKind, type Outcome, useFailures, useReprocess, useSetAside } from "./queries";
import { causeOf } from "./words";

/** The database takes so many at once. */
const maxAtOnce = 500;

interface FailureListProps {
  kind: FailureKind | null;
  /** Those that were set aside, to be brought back. */
  isAside: boolean;
  /** Tells what became of a press. */
  onSaid: (text: string) => void;
}

export function FailureList({ kind, isAside, onSaid }: FailureListProps): ReactNode {
  const failures = useFailures(kind, isAside);
  const { mutate, isPending, error, variables } = useReprocess();
  const setAside = useSetAside(isAside);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  if (!failures.data)
    return failures.error ? (
      <ErrorState error={failures.error} onRetry={() => void failures.refetch()} />
    ) : (
      <PageSkeleton />
    );
  const rows = failures.data.pages.flatMap((page) => page.rows);
  if (rows.length === 0)
    return isAside ? (
      <EmptyState title="Nenhuma deixada de lado">
        O que você deixar de lado fica aqui e pode voltar à lista.
      </EmptyState>
    ) : (
      <GoodNews title="Nada falhou">O que falhar em qualquer área aparece aqui, com a causa e o remédio.</GoodNews>
    );
  const retryable = isAside ? [] : rows.filter(({ may_retry }) => may_retry);
  // What was mended meanwhile has left the list, and is no longer meant.
  const meant = retryable.filter((row) => chosen.has(keyOf(row))).slice(0, maxAtOnce);
  const reprocess = (which: Failure[]): void =>
    mutate(which, {
      onSuccess: (outcomes) => {
        setChosen(new Set());
        onSaid(toldOf(outcomes));
      },
    });
  const toggle = (row: Failure): void => {
    const next = new Set(chosen);
    if (!next.delete(keyOf(row))) next.add(keyOf(row));
    setChosen(next);
  };
  const isWhole = meant.length > 0 && meant.length === Math.min(retryable.length, maxAtOnce);
  return (
    <Panel
      title={isAside ? "Falhas deixadas de lado" : "Falhas"}
      aside={
        <>
          {(error ?? setAside.error) && <span role="alert">{sentenceFor(error ?? setAside.error)}</span>}
          {!isAside && (
            <Button
              size="compact-sm"
              leftSection={<IconRefresh size={14} />}
              disabled={meant.length === 0}
              loading={isPending}
              onClick={() => reprocess(meant)}
            >
              {meant.length > 0 ? `Reprocessar ${plural(meant.length, "falha", "falhas")}` : "Reprocessar"}
            </Button>
          )}
        </>
      }
    >
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Todas as que se reprocessam"
                checked={isWhole}
                disabled={retryable.length === 0}
                onChange={() => setChosen(isWhole ? new Set() : new Set(retryable.map(keyOf)))}
              />
            </th>
            <th scope="col">Quando</th>
            <th scope="col">O quê</th>
            <th scope="col">Cliente</th>
            <th scope="col">Causa</th>
            <th scope="col">
              <span className="hidden-visually">Ações</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <FailureRow
              key={keyOf(row)}
              failure={row}
              isChosen={chosen.has(keyOf(row))}
              onToggle={() => toggle(row)}
              onReprocess={() => reprocess([row])}
              isAside={isAside}
              onSetAside={() => setAside.mutate(row, { onSuccess: (changed) => onSaid(movedText(changed, isAside)) })}
              isBusy={
                (isPending && (variables?.includes(row) ?? false)) || (setAside.isPending && setAside.variables === row)
              }
            />
          ))}
        </tbody>
      </table>
      <ShowMore of={failures}>Mostrar mais antigas</ShowMore>
    </Panel>
  );
}

function keyOf({ kind, id }: Pick<Failure, "kind" | "id">): string {
  return `${kind}:${id}`;
}

/** Nothing changed: somebody else was quicker, or it is out of sight meanwhile. */
function movedText(changed: number, isAside: boolean): string {
  if (changed === 0) return "Nada mudou: essa falha já não está ao seu alcance.";
  return isAside
    ? "De volta à lista das que esperam alguém."
    : "Deixada de lado: volta à lista se falhar outra vez, ou por “Deixadas de lado”.";
}

/** "2 reprocessadas; 1 não: só uma execução que falhou pode ser reprocessada". */
function toldOf(outcomes: Outcome[]): string {
  const done = outcomes.filter(({ outcome }) => outcome === "done").length;
  const refused = outcomes.filter(({ outcome }) => outcome !== "done");
  const why = [...new Set(refused.map(({ kind, outcome }) => causeOf({ kind, reason: outcome })))].join("; ");
  return [
    done > 0 && `${plural(done, "falha reprocessada", "falhas reprocessadas")}.`,
    refused.length > 0 && `${plural(refused.length, "não foi", "não foram")}: ${why}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
