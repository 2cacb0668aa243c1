import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { phone } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { ShowMore } from "@/ui/show-more";
import { ErrorState, Skeleton } from "@/ui/states";
import { Tag, type Tone } from "@/ui/tag";
import classes from "./dry-run.module.css";
import { type LineFilter, useLines } from "./queries";
import type { Line, Verdict } from "./shapes";
import { priceText } from "./words";

const verdictNames: Record<Verdict, [name: string, tone: Tone]> = {
  send: ["envia", "good"],
  act: ["faz", "good"],
  postpone: ["mais tarde", "busy"],
  skip: ["pula", "neutral"],
};

interface DryRunLinesProps {
  dryRunId: string;
  filter: LineFilter | null;
  currency: string | null;
}

/** Who, in which words, at what price; or why not. */
export function DryRunLines({ dryRunId, filter, currency }: DryRunLinesProps): ReactNode {
  const lines = useLines(dryRunId, filter);
  if (!lines.data)
    return lines.error ? (
      <ErrorState error={lines.error} onRetry={() => void lines.refetch()} />
    ) : (
      <Skeleton width="100%" height={120} />
    );
  return (
    // A scrolling area must be reachable by keyboard (WCAG 2.1.1).
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
    <section className={classes.lines} tabIndex={0} aria-label="Clientes da simulação">
      <ul>
        {lines.data.pages.flat().map((line) => (
          <LineRow key={line.place} line={line} currency={currency} />
        ))}
      </ul>
      <ShowMore of={lines} />
    </section>
  );
}

function LineRow({ line, currency }: { line: Line; currency: string | null }): ReactNode {
  const { client, verdict, reason, not_before, phone: number, body, price_micros, position } = line;
  const [name, tone] = verdictNames[verdict];
  return (
    <li>
      <span>
        <Tag tone={tone}>{position > 1 ? `passo ${position}: ${name}` : name}</Tag>{" "}
        {client ? <Link href={`/atendimento/${client.id}`}>{client.name}</Link> : "Cliente"}
        {number && ` · ${phone(number)}`}
        {price_micros !== null && currency && ` · ${priceText(price_micros, currency)}`}
      </span>
      {reason && (verdict === "skip" || verdict === "postpone") && (
        <span className={classes.note}>
          {reasonSentence(reason)}
          {not_before && `; só ${moment(not_before)}`}
        </span>
      )}
      {body && <p className={classes.template}>{body}</p>}
    </li>
  );
}
