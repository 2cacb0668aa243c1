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
import { Panel } from "@/ui/panel";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { runStatusNames } from "@/ui/timeline/run-status";
import classes from "./automation-page.module.css";
import { type AutomationRun, type RunStatus, useRetryRun, useRuns } from "./queries";
import { RuleList } from "./rule-list";

const statusWords: Record<RunStatus, string> = {
  failed: "falhou",
  queued: "na-fila",
  running: "em-andamento",
  done: "feita",
  skipped: "nao-se-aplica",
};
const statuses = Object.keys(statusWords) as RunStatus[];

export function AutomationPage(): ReactNode {
  useDocumentTitle("Automação");
  const { tenant } = useMember();
  const [params, setParams] = useSearchParams();
  const status = statuses.find((key) => statusWords[key] === params.get("situacao")) ?? null;
  useLiveQueries(`tenant:${tenant.id}`, [["automation-runs"]], (event) =>
    event === "automation_changed" ? [["automation-runs"]] : [],
  );
  const choose = (next: string): void => {
    const word = statusWords[next as RunStatus];
    setParams(word ? { situacao: word } : {}, { replace: true });
  };
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Automação</h1>
      </header>
      <div className={classes.columns}>
        <Panel
          title="Execuções"
          aside={
            <NativeSelect
              size="xs"
              aria-label="Situação"
              value={status ?? ""}
              onChange={(event) => choose(event.currentTarget.value)}
              data={[
                { value: "", label: "Todas" },
                ...statuses.map((key) => ({ value: key, label: runStatusNames[key][0] })),
              ]}
            />
          }
        >
          <Runs status={status} />
        </Panel>
        <Panel title="Regras">
          <RuleList />
        </Panel>
      </div>
    </div>
  );
}

function Runs({ status }: { status: RunStatus | null }): ReactNode {
  const runs = useRuns(status);
  if (!runs.data)
    return runs.error ? <ErrorState error={runs.error} onRetry={() => void runs.refetch()} /> : <PageSkeleton />;
  const rows = runs.data.pages.flat();
  if (rows.length === 0)
    return (
      <EmptyState title={status === "failed" ? "Nenhuma falha" : "Nenhuma execução"}>
        Cada tabulação que aciona uma regra aparece aqui, com o resultado.
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
      {runs.hasNextPage && (
        <div className={classes.more}>
          <Button
            variant="subtle"
            size="compact-sm"
            loading={runs.isFetchingNextPage}
            onClick={() => void runs.fetchNextPage()}
          >
            Mostrar mais antigas
          </Button>
        </div>
      )}
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
      <td>{run.rule.name}</td>
      <td>
        <Tag tone={tone}>{name}</Tag>{" "}
        {run.reason && <span className={classes.reason}>{reasonSentence(run.reason)}</span>}
        {run.status === "queued" && run.next_attempt_at && (
          <span className={classes.reason}> tenta de novo {moment(run.next_attempt_at)}</span>
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
