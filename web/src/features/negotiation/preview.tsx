import { Button, CopyButton } from "@mantine/core";
import type { ReactNode } from "react";
import { approvalSentence } from "@/lib/approval-reasons";
import { sentenceFor } from "@/lib/errors";
import { day, money, percent } from "@/lib/format";
import { methodNames } from "@/lib/money-shapes";
import { CalculationTable } from "@/ui/calculation-table";
import { Skeleton } from "@/ui/states";
import classes from "./negotiation.module.css";
import type { Simulation } from "./queries";
import { scriptOf } from "./script";
import { verdictText, verdictTone } from "./verdict";

interface PreviewProps {
  simulation: Simulation | undefined;
  error: unknown;
  /** What is shown is of what was typed a moment ago. */
  isOld: boolean;
}

export function Preview({ simulation, error, isOld }: PreviewProps): ReactNode {
  if (error)
    return (
      <p role="alert" className={classes.refusal}>
        {sentenceFor(error)}
      </p>
    );
  if (!simulation) return <Skeleton width="100%" height={180} />;
  return (
    <section className={classes.preview} aria-label="Simulação" aria-busy={isOld} data-old={isOld || undefined}>
      <p className={classes.result}>
        <strong className="num" data-testid="offer-total">
          {money(simulation.total_cents)}
        </strong>
        <span>
          desconto de {money(simulation.discount_cents)} ({percent(simulation.discount_percent)}), válida até{" "}
          {day(simulation.valid_until)}
        </span>
        {simulation.financing_cents > 0 && <span>inclui {money(simulation.financing_cents)} de financiamento</span>}
      </p>
      <Verdict simulation={simulation} />
      <CalculationTable totals={simulation.totals} />
      <ol className={classes.schedule} aria-label="Vencimentos">
        {simulation.schedule.map((part) => (
          <li key={part.number}>
            <span>{part.kind === "down_payment" ? "Entrada" : `Parcela ${part.number}`}</span>
            <span className="num">
              {day(part.due_on)}
              {part.effective_due_on !== part.due_on && ` (paga até ${day(part.effective_due_on)})`}
            </span>
            <span>{methodNames[part.method]}</span>
            <strong className="num">{money(part.amount_cents)}</strong>
          </li>
        ))}
      </ol>
      <Script text={scriptOf(simulation)} />
    </section>
  );
}

const obstacleSentences: Record<string, string> = {
  debt_prescribed: "Há título prescrito: só um administrador pode liberar, com motivo.",
  debt_on_hold: "Há título suspenso: um supervisor precisa liberar antes.",
};

function Verdict({ simulation }: { simulation: Simulation }): ReactNode {
  const { approval_reasons: reasons, obstacles, warnings } = simulation;
  const blocked = [...new Set(obstacles.map(({ code }) => obstacleSentences[code] ?? "Há título que não pode ir."))];
  return (
    <div role="status" className={classes.verdict} data-tone={verdictTone(simulation)}>
      <strong>{verdictText(simulation)}</strong>
      <ul>
        {blocked.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
        {reasons.map((reason) => (
          <li key={`${reason.code}:${reason.component ?? ""}`}>{approvalSentence(reason)}</li>
        ))}
        {warnings.includes("last_due_beyond_prescription") && (
          <li>A última parcela vence depois da prescrição de um dos títulos.</li>
        )}
      </ul>
    </div>
  );
}

function Script({ text }: { text: string }): ReactNode {
  return (
    <section className={classes.script} aria-label="Texto da proposta para ler ao cliente">
      <header>
        <h3>Para ler ao cliente</h3>
        <CopyButton value={text} timeout={1_500}>
          {({ copied, copy }) => (
            <Button variant="default" size="compact-sm" onClick={copy}>
              {copied ? "Copiado" : "Copiar"}
            </Button>
          )}
        </CopyButton>
      </header>
      <p>{text}</p>
    </section>
  );
}
