import { type ReactNode, useState } from "react";
import { count, day, plural } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { deedOf } from "@/lib/rule-words";
import classes from "./dry-run.module.css";
import { DryRunLines } from "./dry-run-lines";
import type { LineFilter } from "./queries";
import type { Count, DryRun, Verdict } from "./shapes";
import { priceText } from "./words";

const order: Verdict[] = ["send", "act", "postpone", "skip"];

/** What it would have done, counted by reason; each count opens who is behind it. `empty`: why nobody is. */
export function DryRunResult({ result, empty }: { result: DryRun; empty: string }): ReactNode {
  const [chosen, setChosen] = useState<LineFilter | null>(null);
  const { counts, from_date, to_date, price_micros, currency } = result;
  const ofVerdict = (verdict: Verdict): number => total(counts.filter((each) => each.verdict === verdict));
  const acts = ofVerdict("send") + ofVerdict("act");
  const isSame = (each: Count): boolean =>
    chosen !== null &&
    chosen.verdict === each.verdict &&
    chosen.reason === each.reason &&
    chosen.position === each.position;
  const shown = counts.toSorted(
    (a, b) => a.position - b.position || order.indexOf(a.verdict) - order.indexOf(b.verdict) || b.count - a.count,
  );
  return (
    <>
      <div className={classes.summary} role="status" data-testid="dry-run">
        <strong>
          {acts > 0 ? `Agiria agora em ${plural(acts, "caso", "casos")}` : "Não agiria agora em ninguém"}
          {price_micros !== null && currency && ofVerdict("send") > 0 && `, ${priceText(price_micros, currency)}`}
        </strong>
        <span>
          {from_date === to_date ? day(from_date) : `${day(from_date)} a ${day(to_date)}`}
          {`: ${plural(ofVerdict("postpone"), "ficaria", "ficariam")} para depois, ${plural(ofVerdict("skip"), "seria pulado", "seriam pulados")}`}
        </span>
      </div>
      {counts.length > 0 && (
        <div className={classes.verdicts}>
          {shown.map((each) => (
            <button
              key={`${each.position}:${each.verdict}:${each.reason}`}
              type="button"
              className={classes.verdict}
              aria-pressed={isSame(each)}
              onClick={() =>
                setChosen(isSame(each) ? null : { verdict: each.verdict, reason: each.reason, position: each.position })
              }
            >
              <b>{count(each.count)}</b>
              <span>{wordsOf(each)}</span>
            </button>
          ))}
        </div>
      )}
      {counts.length === 0 && <p className={classes.summary}>{empty}</p>}
      {counts.length > 0 && <DryRunLines dryRunId={result.id} filter={chosen} currency={currency} />}
    </>
  );
}

function total(counts: Count[]): number {
  return counts.reduce((sum, each) => sum + each.count, 0);
}

/** "Passo 1: envia uma mensagem por WhatsApp", "Passo 2 não: com acordo em andamento". */
function wordsOf({ position, action, verdict, reason }: Count): string {
  const step = `Passo ${position ?? 1}`;
  const why = reason ? `: ${reasonSentence(reason)}` : "";
  if (verdict === "skip") return `${step} pulado${why}`;
  if (verdict === "postpone") return `${step} mais tarde${why}`;
  return `${step}: ${deedOf(action ?? "send_template")}`;
}
