import { Button, Progress } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { count, plural } from "@/lib/format";
import { onDemand } from "@/lib/later";
import { reasonSentence } from "@/lib/reasons";
import classes from "./dialer.module.css";
import { overviewKey, resumeExport, stopExport } from "./queries";
import type { DialerExport, ExportStatus, HoursState } from "./shapes";
import { fatesOf } from "./words";

const ExportResults = onDemand(
  () => import("./export-results"),
  (m) => m.ExportResults,
);

const statusWords: Record<ExportStatus, string> = {
  planning: "escolhendo as pessoas",
  loading: "carregando no discador",
  done: "carregado",
  failed: "parou",
  cancelled: "cancelado",
};

/** Why a loaded list is not dialled now. */
const hoursWords: Record<HoursState, string> = {
  open: "",
  silent: " Em silêncio: fora do horário permitido.",
  opening: " Em silêncio: fora do horário permitido.",
  expired: " Em silêncio: a lista tem mais de 30 dias. Envie a seleção de novo para voltar a discar.",
  gone: " O discador não tem mais esta lista.",
};

export function ExportCard({ sent }: { sent: DialerExport }): ReactNode {
  const queryClient = useQueryClient();
  const act = useMutation({
    mutationFn: (run: (id: string) => Promise<unknown>) => run(sent.id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: overviewKey }),
  });
  const [isOpen, setIsOpen] = useState(false);
  const excluded = Object.entries(sent.excluded);
  const isMoving = sent.status === "planning" || sent.status === "loading";
  return (
    <li className={classes.card}>
      <div className={classes.facts}>
        <h3>
          {sent.list_name}{" "}
          <span className={classes.faint}>em {sent.campaign_name || `campanha ${sent.campaign_id}`}</span>
        </h3>
        <p>
          <strong>{statusWords[sent.status]}</strong>: {fatesOf(sent)}.
          {sent.status === "done" && !sent.is_reported && " O discador não disse quais recusou."}
          {sent.status === "done" && hoursWords[sent.hours_state]}
        </p>
        {isMoving && sent.planned > 0 && (
          <Progress value={(100 * (sent.loaded + sent.filtered)) / sent.planned} aria-label="Progresso do envio" />
        )}
        {excluded.length > 0 && (
          <p className={classes.faint}>
            Ficaram de fora:{" "}
            {excluded.map(([reason, people]) => `${count(people)} ${reasonSentence(reason)}`).join("; ")}.
          </p>
        )}
        {sent.status === "failed" && (
          <p role="alert">
            {reasonSentence(sent.error_code ?? "unclassified")}
            {sent.error_detail && ` (${sent.error_detail})`}
          </p>
        )}
        <p className={classes.faint}>
          {sent.author}, {moment(sent.created_at)}. {plural(sent.selected, "cliente", "clientes")} na seleção, peso{" "}
          {sent.weight}.
        </p>
        {act.error && <p role="alert">{sentenceFor(act.error)}</p>}
      </div>
      <div className={classes.actions}>
        <Button size="compact-sm" variant="light" onClick={() => setIsOpen(true)}>
          Ver resultado
        </Button>
        {sent.status === "failed" && (
          <Button size="compact-sm" loading={act.isPending} onClick={() => act.mutate(resumeExport)}>
            Retomar
          </Button>
        )}
        {sent.status !== "cancelled" && (
          <Button size="compact-sm" variant="default" loading={act.isPending} onClick={() => act.mutate(stopExport)}>
            {isMoving ? "Cancelar" : "Silenciar lista"}
          </Button>
        )}
      </div>
      <Suspense fallback={null}>{isOpen && <ExportResults sent={sent} onClose={() => setIsOpen(false)} />}</Suspense>
    </li>
  );
}
