import { Button, NativeSelect } from "@mantine/core";
import { notifications as toasts } from "@mantine/notifications";
import { IconRefresh } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { useLiveQueries } from "@/lib/live-queries";
import { reasonSentence } from "@/lib/reasons";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { GoodNews } from "@/ui/good-news";
import { Panel } from "@/ui/panel";
import { ShowMore } from "@/ui/show-more";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { runStatusNames } from "@/ui/timeline/run-status";
import classes from "./automation.module.css";
import { runsKey, useRetryRun, useRules, useRuns } from "./queries";
import type { AutomationRun, RunStatus } from "./shapes";

const statusWords: Record<RunStatus, string> = {
  failed: "falhou",
  queued: "na-fila",
  running: "em-andamento",
  done: "feita",
  skipped: "nao-se-aplica",
};
const statuses = Object.keys(statusWords) as RunStatus[];

/** What the rules did, did not do, and why. */
export function RunsPage({ tabs }: { tabs?: ReactNode }): ReactNode {
  useDocumentTitle("Execuções");
  const { tenant } = useMember();
  const maySeeRules = useHasRole("supervisor");
  const [params, setParams] = useSearchParams();
  const { data: rules } = useRules(maySeeRules);
  const status = statuses.find((key) => statusWords[key] === params.get("situacao")) ?? null;
  const ruleId = params.get("regra");
  useLiveQueries(`tenant:${tenant.id}`, [runsKey], (event) => (event === "automation_changed" ? [runsKey] : []));
  const choose = (word: "situacao" | "regra", value: string): void =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(word, value);
        else next.delete(word);
        return next;
      },
      { replace: true },
    );
  return (
    <div className={classes.page}>
      <h1>Automação</h1>
      {tabs}
      <Panel
        title="Execuções"
        aside={
          <div className={classes.filters}>
            {rules && (
              <NativeSelect
                size="xs"
                aria-label="Regra"
                value={ruleId ?? ""}
                onChange={(event) => choose("regra", event.currentTarget.value)}
                data={[
                  { value: "", label: "Todas as regras" },
                  ...rules.map(({ id, definition }) => ({ value: id, label: definition.name })),
                ]}
              />
            )}
            <NativeSelect
              size="xs"
              aria-label="Situação"
              value={status ?? ""}
              onChange={(event) => choose("situacao", statusWords[event.currentTarget.value as RunStatus] ?? "")}
              data={[
                { value: "", label: "Todas" },
                ...statuses.map((key) => ({ value: key, label: runStatusNames[key][0] })),
              ]}
            />
          </div>
        }
      >
        <Runs status={status} ruleId={ruleId} />
      </Panel>
    </div>
  );
}

function Runs({ status, ruleId }: { status: RunStatus | null; ruleId: string | null }): ReactNode {
  const runs = useRuns({ status, ruleId });
  if (!runs.data)
    return runs.error ? <ErrorState error={runs.error} onRetry={() => void runs.refetch()} /> : <PageSkeleton />;
  const rows = runs.data.pages.flat();
  if (rows.length === 0 && status === "failed")
    return <GoodNews title="Nenhuma falha">O que uma regra não conseguir fazer aparece aqui com o motivo.</GoodNews>;
  if (rows.length === 0)
    return (
      <EmptyState title="Nenhuma execução">
        O que uma regra fizer, ou deixar de fazer, aparece aqui com o motivo.
      </EmptyState>
    );
  return (
    <>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Quando</th>
            <th scope="col">Cliente</th>
            <th scope="col">Regra</th>
            <th scope="col">Resultado</th>
            <th scope="col">
              <span className="hidden-visually">Ações</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((run) => (
            <RunRow key={run.id} run={run} />
          ))}
        </tbody>
      </table>
      <ShowMore of={runs}>Mostrar mais antigas</ShowMore>
    </>
  );
}

function RunRow({ run }: { run: AutomationRun }): ReactNode {
  const mayRetry = useHasRole("supervisor");
  const { mutate: retry, isPending } = useRetryRun();
  const [name, tone] = runStatusNames[run.status];
  const onError = (error: Error): void =>
    void toasts.show({ title: "Não foi possível reprocessar", message: sentenceFor(error), color: "red" });
  return (
    <tr data-status={run.status}>
      <td className={classes.when}>
        <time dateTime={run.created_at}>{moment(run.created_at)}</time>
      </td>
      <td>
        <Link href={`/atendimento/${run.client.id}`}>{run.client.name}</Link>
      </td>
      <td>
        {run.rule.name}
        {run.position > 1 && <span className={classes.faint}>, passo {run.position}</span>}
      </td>
      <td>
        <Tag tone={tone}>{name}</Tag>{" "}
        {run.reason && <span className={classes.faint}>{reasonSentence(run.reason)}</span>}
        {run.status === "queued" && run.next_attempt_at && (
          <span className={classes.faint}> tenta de novo {moment(run.next_attempt_at)}</span>
        )}
      </td>
      <td className={classes.action}>
        {mayRetry && (run.status === "failed" || run.status === "skipped") && (
          <Button
            size="compact-xs"
            variant={run.status === "failed" ? "light" : "subtle"}
            leftSection={<IconRefresh size={13} />}
            loading={isPending}
            onClick={() => retry(run.id, { onError })}
          >
            Reprocessar
          </Button>
        )}
      </td>
    </tr>
  );
}
