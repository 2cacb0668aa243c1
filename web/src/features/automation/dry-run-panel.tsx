import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { addDays, localDate, moment, now } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
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
  saveFirst: () => Promise<void>;
}

/** Days that are still to come, or days that have been. */
const looksAhead: Trigger[] = ["debt_due", "installment_due", "callback_due"];

export function DryRunPanel({ ruleId, trigger, rule, isDirty, gap, saveFirst }: DryRunPanelProps): ReactNode {
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
      {last && <DryRunResult key={last.id} result={last} />}
    </Panel>
  );
}
