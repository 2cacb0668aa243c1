import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { sentenceFor } from "@/lib/errors";
import { count, plural } from "@/lib/format";
import { DifferencesList } from "./differences-list";
import classes from "./import-dialog.module.css";
import { KeptTitles } from "./kept-titles";
import { downloadRejects, importRejects } from "./queries";
import { rejectReason } from "./reject-reasons";
import type { ImportReject, ImportSummary } from "./shapes";

interface ImportResultProps {
  summary: ImportSummary;
  dryRun: boolean;
  absent: "leave" | "return";
}

export function ImportResult({ summary, dryRun, absent }: ImportResultProps): ReactNode {
  const storedId = dryRun || summary.rejected === 0 ? null : summary.import_id;
  const stored = useQuery({
    queryKey: ["import-rejects", storedId],
    queryFn: () => importRejects(storedId ?? ""),
    enabled: storedId !== null,
  });
  const download = useMutation({ mutationFn: downloadRejects });
  // The button that asked is gone: whoever works by keyboard goes on from here.
  const section = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer, the same place.
  useEffect(() => section.current?.focus(), [summary, dryRun]);
  const rejects = stored.data ?? summary.rejects ?? [];
  const facts: [string, number][] = [
    ["Linhas lidas", summary.rows],
    ["Aceitas", summary.accepted],
    ["Rejeitadas", summary.rejected],
    ["Repetidas", summary.duplicates],
    ["Clientes novos", summary.clients_created],
    ["Clientes atualizados", summary.clients_updated],
    ["Títulos novos", summary.debts_created],
    ["Títulos atualizados", summary.debts_updated],
    ["Credores novos", summary.creditors_created],
  ];
  return (
    <section ref={section} tabIndex={-1} aria-live="polite" className={classes.result}>
      <h3>{dryRun ? "Se você confirmar" : "Importação concluída"}</h3>
      <dl className={classes.counts}>
        {facts.map(([term, value]) => (
          <div key={term} data-bad={(term === "Rejeitadas" && value > 0) || undefined}>
            <dt>{term}</dt>
            <dd className="num">{count(value)}</dd>
          </div>
        ))}
      </dl>
      {changesNothing(summary) && (
        <p className={classes.note}>
          {Object.keys(summary.debts_kept).length > 0
            ? "Nada muda na carteira."
            : "Nada muda: o que o arquivo traz já está na carteira."}
        </p>
      )}
      <LostCells warnings={summary.warnings} />
      {summary.debts_absent > 0 && (
        <p className={classes.note}>
          {plural(summary.debts_absent, "título em aberto não veio", "títulos em aberto não vieram")} no arquivo
          {absentFate(absent, dryRun, summary.debts_absent === 1)}
        </p>
      )}
      {summary.debts_reopened > 0 && (
        <p className={classes.note}>
          {dryRun
            ? plural(summary.debts_reopened, "título devolvido volta a abrir", "títulos devolvidos voltam a abrir")
            : plural(summary.debts_reopened, "título devolvido voltou a abrir", "títulos devolvidos voltaram a abrir")}
          : faltou em uma remessa anterior e veio nesta.
        </p>
      )}
      <KeptTitles summary={summary} />
      {summary.differences && <DifferencesList differences={summary.differences} />}
      {summary.rejected > 0 && <Rejects reasons={summary.reject_reasons} rejects={rejects} total={summary.rejected} />}
      {storedId && (
        <div>
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            loading={download.isPending}
            onClick={() => download.mutate(storedId)}
          >
            Baixar rejeitadas
          </Button>
          {download.error && (
            <p role="alert" className={classes.error}>
              {sentenceFor(download.error)}
            </p>
          )}
        </div>
      )}
    </section>
  );
}

const lostNames: [key: keyof ImportSummary["warnings"], one: string, many: string][] = [
  ["name_invalid", "nome", "nomes"],
  ["email_invalid", "e-mail", "e-mails"],
  ["phone_invalid", "telefone", "telefones"],
];

/** Cells of accepted lines that say nothing we could keep. */
function LostCells({ warnings }: Pick<ImportSummary, "warnings">): ReactNode {
  const lost = lostNames.flatMap(([key, one, many]) => (warnings[key] ? [plural(warnings[key], one, many)] : []));
  if (lost.length === 0) return null;
  return (
    <p className={classes.note}>
      Em linhas aceitas, o que não dava para ler ficou de fora: {lost.join(", ")}. O resto destas linhas entra.
    </p>
  );
}

function changesNothing(summary: ImportSummary): boolean {
  const written = summary.clients_created + summary.clients_updated + summary.debts_created + summary.debts_updated;
  return summary.accepted > 0 && written + summary.debts_returned + summary.debts_reopened === 0;
}

function absentFate(absent: "leave" | "return", dryRun: boolean, single: boolean): string {
  if (absent === "leave") return single ? " e continua como está." : " e continuam como estão.";
  if (dryRun) return single ? " e será encerrado como devolvido." : " e serão encerrados como devolvidos.";
  return single ? " e foi encerrado como devolvido." : " e foram encerrados como devolvidos.";
}

interface RejectsProps {
  reasons: Record<string, number>;
  rejects: ImportReject[];
  total: number;
}

function Rejects({ reasons, rejects, total }: RejectsProps): ReactNode {
  return (
    <>
      <ul className={classes.reasons}>
        {Object.entries(reasons).map(([code, lines]) => (
          <li key={code}>
            {plural(lines, "linha", "linhas")}: {rejectReason(code)}
          </li>
        ))}
      </ul>
      {rejects.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard (WCAG 2.1.1).
        <section className={classes.rejects} tabIndex={0} aria-label="Linhas rejeitadas">
          <table>
            <thead>
              <tr>
                <th scope="col">Linha</th>
                <th scope="col">Coluna</th>
                <th scope="col">Valor</th>
                <th scope="col">Motivo</th>
              </tr>
            </thead>
            <tbody>
              {rejects.map(({ line, column_name, value, reason }) => (
                <tr key={`${line}:${column_name}:${reason}`}>
                  <td>{line}</td>
                  <td>{column_name}</td>
                  <td className={classes.value}>{value}</td>
                  <td>{rejectReason(reason)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {rejects.length > 0 && rejects.length < total && (
        <p className={classes.note}>
          As primeiras {count(rejects.length)} de {count(total)} linhas rejeitadas.
        </p>
      )}
    </>
  );
}
