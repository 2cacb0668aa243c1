import { Button, Modal, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { saveCsv } from "@/lib/csv";
import { sentenceFor } from "@/lib/errors";
import { count, documentNumber, phone } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { ShowMore } from "@/ui/show-more";
import { Skeleton } from "@/ui/states";
import "@/ui/dialog-styles";
import classes from "./dialer.module.css";
import { allResults, type ResultFilter, useResults } from "./queries";
import { csvOf, outcomeWords } from "./results-file";
import type { DialerExport } from "./shapes";

function choiceOf({ outcome, reason }: { outcome?: string; reason?: string | null }): string {
  return [outcome ?? "", reason ?? ""].join("|");
}

/** What became of each person and number of one sending. */
export function ExportResults({ sent, onClose }: { sent: DialerExport; onClose: () => void }): ReactNode {
  const [choice, setChoice] = useState("|");
  const [outcome, reason] = choice.split("|");
  const filter: ResultFilter = { ...(outcome && { outcome }), ...(reason && { reason }) };
  const all = useResults(sent.id, {});
  const found = useResults(sent.id, filter);
  const counts = all.data?.pages[0]?.counts ?? [];
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? [];
  const download = useMutation({
    mutationFn: async () => {
      const parts: string[] = [];
      for await (const page of allResults(sent.id, filter)) parts.push(csvOf(page, parts.length === 0));
      saveCsv(sent.list_name, parts);
    },
  });
  const problem = found.error ?? download.error;
  return (
    <Modal opened onClose={onClose} size="xl" title={`Resultado: ${sent.list_name}`} transitionProps={{ duration: 0 }}>
      <div className={classes.results}>
        <div className={classes.choose}>
          <NativeSelect
            label="Mostrar"
            data-autofocus
            value={choice}
            onChange={(event) => setChoice(event.currentTarget.value)}
            data={[
              { value: "|", label: "todos" },
              ...counts.map((each) => ({
                value: choiceOf(each),
                label: `${outcomeWords[each.outcome]}${each.reason ? `, ${reasonSentence(each.reason)}` : ""} (${count(each.contacts)})`,
              })),
            ]}
          />
          <Button variant="default" loading={download.isPending} onClick={() => download.mutate()}>
            Baixar CSV
          </Button>
        </div>
        {problem && <p role="alert">{sentenceFor(problem)}</p>}
        {!found.data && !found.error && <Skeleton width="100%" height={160} />}
        {found.data && rows.length === 0 && (
          <p className={classes.faint}>
            {sent.results
              ? "Pessoa por pessoa, o resultado fica 180 dias; depois, só as somas."
              : "Ninguém com este resultado."}
          </p>
        )}
        {rows.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard reaches what the edge hides
          <section className={classes.scroll} tabIndex={0} aria-label="Tabela do envio">
            <table className={classes.table}>
              <caption className="hidden-visually">Pessoas e telefones do envio</caption>
              <thead>
                <tr>
                  <th scope="col">Pessoa</th>
                  <th scope="col">Telefone</th>
                  <th scope="col">Resultado</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.place}>
                    <th scope="row">
                      <Link href={`/carteira/${row.document}`}>{row.name}</Link>
                      <span className={classes.faint}> {documentNumber(row.document)}</span>
                    </th>
                    <td className="num">{row.phone ? phone(row.phone) : "todos"}</td>
                    <td>
                      {outcomeWords[row.outcome]}
                      {row.reason && `: ${reasonSentence(row.reason)}`}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
        <ShowMore of={found} />
      </div>
    </Modal>
  );
}
