import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { count, plural } from "@/lib/format";
import classes from "./import-dialog.module.css";
import { type ImportReject, type ImportSummary, importRejects } from "./queries";
import { rejectReason } from "./reject-reasons";

export function ImportResult({ summary, dryRun }: { summary: ImportSummary; dryRun: boolean }): ReactNode {
  const storedId = dryRun || summary.rejected === 0 ? null : summary.import_id;
  const stored = useQuery({
    queryKey: ["import-rejects", storedId],
    queryFn: () => importRejects(storedId ?? ""),
    enabled: storedId !== null,
  });
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
    <section aria-live="polite" className={classes.result}>
      <h3>{dryRun ? "Se você confirmar" : "Importação concluída"}</h3>
      <dl className={classes.counts}>
        {facts.map(([term, value]) => (
          <div key={term} data-bad={(term === "Rejeitadas" && value > 0) || undefined}>
            <dt>{term}</dt>
            <dd className="num">{count(value)}</dd>
          </div>
        ))}
      </dl>
      {summary.rejected > 0 && <Rejects reasons={summary.reject_reasons} rejects={rejects} total={summary.rejected} />}
    </section>
  );
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
