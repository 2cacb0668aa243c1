import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { count, documentNumber, phone } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { useHasRole } from "@/lib/session";
import { Panel } from "@/ui/panel";
import { ShowMore } from "@/ui/show-more";
import { ErrorState, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import parts from "./batch.module.css";
import classes from "./broadcast.module.css";
import { DownloadMenu } from "./download-menu";
import { batchKey, resultsKey, useResults } from "./queries";
import { RetryDoubts } from "./retry-doubts";
import type { Batch, Outcome, Reason, Result, ResultFilter } from "./shapes";
import { outcomeNames, personWord } from "./words";

interface ResultsProps {
  batch: Batch;
  filter: ResultFilter;
  onFilter: (filter: ResultFilter) => void;
}

const outcomeOf: Record<Reason["kind"], Outcome> = {
  failed: "failed",
  skipped: "skipped",
  excluded: "excluded",
  waiting: "queued",
};

/** Person by person, of the number and the reason that were chosen. */
export function ResultsPanel({ batch, filter, onFilter }: ResultsProps): ReactNode {
  const mayExport = useHasRole("supervisor");
  const results = useResults(batch.id, filter);
  const rows = results.data?.pages.flatMap((page) => page.rows);
  const [again, setAgain] = useState<Result | null>(null);
  const queryClient = useQueryClient();
  return (
    <Panel
      title={filter.outcome ? outcomeNames[filter.outcome] : "Pessoa por pessoa"}
      aside={mayExport && <DownloadMenu batch={batch} filter={filter} />}
    >
      <div className={classes.results}>
        <Reasons reasons={batch.numbers.reasons} filter={filter} onFilter={onFilter} />
        {results.error && !rows && <ErrorState error={results.error} onRetry={() => void results.refetch()} />}
        {!rows && !results.error && <Skeleton width="100%" height={120} />}
        {rows?.length === 0 && <p className={classes.faint}>Ninguém aqui.</p>}
      </div>
      {rows && rows.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone (WCAG 2.1.1)
        <section className={parts.scroll} tabIndex={0} aria-label="Resultados">
          <table className={parts.table}>
            <thead>
              <tr>
                <th scope="col">Cliente</th>
                <th scope="col" data-wide>
                  Telefone
                </th>
                <th scope="col">Situação</th>
                <th scope="col">Motivo</th>
                <th scope="col">Quando</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <ResultRow
                  key={row.client_id}
                  row={row}
                  onRetry={mayExport && isDoubtful(row) && batch.status !== "cancelled" ? () => setAgain(row) : null}
                />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {again && (
        <RetryDoubts
          batchId={batch.id}
          person={again}
          people={1}
          onDone={async () => {
            await queryClient.invalidateQueries({ queryKey: batchKey(batch.id) });
            await queryClient.invalidateQueries({ queryKey: resultsKey(batch.id) });
          }}
          onClose={() => setAgain(null)}
        />
      )}
      <ShowMore of={results} />
    </Panel>
  );
}

function Reasons({ reasons, filter, onFilter }: Omit<ResultsProps, "batch"> & { reasons: Reason[] }): ReactNode {
  const shown = reasons.filter(({ kind }) => !filter.outcome || outcomeOf[kind] === filter.outcome);
  if (shown.length === 0) return null;
  return (
    <section aria-label="Motivos" className={parts.picks}>
      {shown.map(({ kind, reason, class: failure, count: people }) => {
        const chosen = filter.reason === reason && filter.outcome === outcomeOf[kind];
        return (
          <button
            key={`${kind}:${reason}`}
            type="button"
            className={parts.pick}
            aria-pressed={chosen}
            onClick={() => onFilter(chosen ? { outcome: outcomeOf[kind] } : { outcome: outcomeOf[kind], reason })}
          >
            <strong className="num">{count(people)}</strong> {outcomeNames[outcomeOf[kind]].toLowerCase()}:{" "}
            {reasonSentence(reason)}
            {failure === "transient" && " (passageira)"}
          </button>
        );
      })}
    </section>
  );
}

/** The newest thing that is known of this person's message. */
function lastOf(row: Result): string | null {
  const { answered_at, failed_at, read_at, delivered_at, sent_at, submitted_at, outcome } = row;
  if (outcome === "failed") return failed_at;
  return answered_at ?? read_at ?? delivered_at ?? sent_at ?? submitted_at;
}

/** Nobody knows whether this person has it. */
function isDoubtful({ outcome, reason }: Result): boolean {
  return outcome === "failed" && reason === "outcome_unknown";
}

function ResultRow({ row, onRetry }: { row: Result; onRetry: (() => void) | null }): ReactNode {
  const { label, tone } = personWord(row.outcome);
  const at = lastOf(row);
  const isHeld = row.outcome === "waiting" && row.reason !== null;
  return (
    <tr>
      <td>
        <Link href={`/carteira/${row.document}`}>{row.name}</Link>
        <div className={classes.faint}>{documentNumber(row.document)}</div>
      </td>
      <td className="num" data-wide>
        {row.phone ? phone(row.phone) : "—"}
      </td>
      <td>
        <Tag tone={tone}>{label}</Tag>
        {row.answered_at && <div className={classes.faint}>respondeu</div>}
      </td>
      <td>
        {row.reason ? reasonSentence(row.reason) : "—"}
        {row.error_detail && <div className={classes.faint}>{row.error_detail}</div>}
        {onRetry && (
          <Button size="compact-xs" variant="subtle" aria-label={`Tentar de novo: ${row.name}`} onClick={onRetry}>
            Tentar de novo
          </Button>
        )}
      </td>
      <td>{at ? moment(at) : isHeld ? `pode sair ${moment(row.not_before)}` : "—"}</td>
    </tr>
  );
}
