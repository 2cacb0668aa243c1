import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { addDays, localDate, moment, now } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { useKeptFocus } from "@/ui/kept-focus";
import { Panel } from "@/ui/panel";
import { DryRunResult } from "./dry-run-result";
import classes from "./editor.module.css";
import { dryRun, rulesKey } from "./queries";
import type { Rule, Trigger } from "./shapes";

interface DryRunPanelProps {
  ruleId: string;
  trigger: Trigger;
  /** Null until it is saved for the first time. */
  rule: Rule | null;
  isDirty: boolean;
  gap: string | null;
  isSaving: boolean;
  saveFirst: () => Promise<void>;
}

const none = "Nada disso aconteceu neste período: escolha outro, ou ligue a regra assim.";

/** Why a rehearsal finds nobody; of what is still to happen, and of what has. */
const nobody: Record<Trigger, string> = {
  disposition: "Ninguém foi tabulado assim neste período: escolha outro, ou ligue a regra assim.",
  debt_due: "Nenhum título chega a esse dia neste período.",
  installment_due: "Nenhuma parcela chega a esse dia neste período.",
  agreement_event: none,
  payment_event: none,
  message_received: "Ninguém escreveu neste período: escolha outro, ou ligue a regra assim.",
  callback_due: "Nenhum retorno vence neste período.",
};

/** Days that are still to come, or days that have been. */
const looksAhead: Trigger[] = ["debt_due", "installment_due", "callback_due"];

export function DryRunPanel(props: DryRunPanelProps): ReactNode {
  const { ruleId, trigger, rule, isDirty, gap, isSaving, saveFirst } = props;
  const queryClient = useQueryClient();
  const today = localDate(now());
  const ahead = looksAhead.includes(trigger);
  const [span, setSpan] = useState<"now" | "week" | "month" | "own">("now");
  const [own, setOwn] = useState({ from: today, to: today });
  const days = span === "week" ? 7 : 30;
  const period =
    span === "own"
      ? own
      : span === "now"
        ? { from: today, to: today }
        : ahead
          ? { from: today, to: addDays(today, days) }
          : { from: addDays(today, -days), to: today };
  const run = useMutation({
    mutationFn: async () => {
      if (isDirty || !rule) await saveFirst();
      return dryRun(ruleId, period.from, period.to);
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: rulesKey }),
  });
  // Saving leaves nothing to save: the keyboard goes on to what comes next.
  const button = useKeptFocus<HTMLButtonElement>(isSaving || run.isPending);
  const last = rule?.last_dry_run ?? null;
  const isStale = last !== null && rule !== null && (last.version !== rule.version || isDirty);
  const word = ahead ? "Próximos" : "Últimos";
  return (
    <Panel title="Simulação" aside={last && `feita ${moment(last.frozen_at)}, versão ${last.version}`}>
      <div className={classes.body}>
        <p className={classes.note}>
          Pergunta por cada cliente o que a regra perguntaria na hora, e não envia, não cobra, não muda nada.
        </p>
        <div className={classes.period}>
          <NativeSelect
            label="Período"
            value={span}
            onChange={(event) => setSpan(event.currentTarget.value as typeof span)}
            data={[
              { value: "now", label: "Hoje, como se fosse agora" },
              { value: "week", label: `${word} 7 dias` },
              { value: "month", label: `${word} 30 dias` },
              { value: "own", label: "Escolher dias" },
            ]}
          />
          {span === "own" && (
            <>
              <TextInput
                type="date"
                label="De"
                value={own.from}
                onChange={(event) => setOwn({ ...own, from: event.currentTarget.value })}
              />
              <TextInput
                type="date"
                label="Até"
                value={own.to}
                onChange={(event) => setOwn({ ...own, to: event.currentTarget.value })}
              />
            </>
          )}
        </div>
        {run.error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(run.error)}
          </p>
        )}
        <div>
          <Button
            ref={button}
            variant="light"
            loading={run.isPending}
            disabled={gap !== null || !period.from || !period.to}
            onClick={() => run.mutate()}
          >
            {isDirty || !rule ? "Salvar e simular" : "Simular"}
          </Button>
        </div>
        {isStale && (
          <p role="status" className={classes.note}>
            O resultado abaixo é de antes da última mudança.
          </p>
        )}
      </div>
      {last && <DryRunResult key={last.id} result={last} empty={nobody[trigger]} />}
    </Panel>
  );
}
