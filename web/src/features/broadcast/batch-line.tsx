import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { count, plural } from "@/lib/format";
import { costText } from "@/lib/message-words";
import { Tag } from "@/ui/tag";
import lines from "./batches.module.css";
import classes from "./broadcast.module.css";
import { ProgressBar } from "./progress-bar";
import type { Batch } from "./shapes";
import { stateOf } from "./words";

/** One bulk send in the list; the whole line is its link. */
export function BatchLine({ batch }: { batch: Batch }): ReactNode {
  const { id, name, numbers, forecast, created_by, created_at, scheduled_at, status } = batch;
  const { label, tone } = stateOf(batch);
  const people = numbers.selected - numbers.excluded;
  return (
    <li>
      <Link href={`/disparos/${id}`} className={lines.row} data-row-link>
        <span className={lines.name}>
          <strong>{name}</strong>
          <span className={classes.faint}>
            {created_by.name ?? "—"}, {moment(created_at)} · {batch.template.name}
          </span>
        </span>
        <span>
          <Tag tone={tone}>{label}</Tag>
        </span>
        <span className={lines.name}>
          <ProgressBar numbers={numbers} />
          <span className={classes.faint}>
            {status === "scheduled" && scheduled_at
              ? `${plural(people, "pessoa", "pessoas")}, ${moment(scheduled_at)}`
              : `${count(people - numbers.queued)} de ${plural(people, "pessoa", "pessoas")}`}
          </span>
        </span>
        <span className={classes.faint}>
          {count(numbers.delivered)} entregues, {count(numbers.read)} lidas, {count(numbers.answered)} respondidas
          {numbers.failed > 0 && `, ${count(numbers.failed)} falharam`}
        </span>
        <span className={`${lines.cost} ${classes.faint}`}>
          {forecast.currency ? costText(numbers.spent_micros, forecast.currency) : "—"}
        </span>
      </Link>
    </li>
  );
}

const rowLink = "[data-row-link]";

/** Lines are real links: arrows move between them, Enter is the browser's own. */
export function moveBetweenLines(event: React.KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  const current = (event.target as HTMLElement).closest("li");
  if (!step || !current) return;
  event.preventDefault();
  const sibling = step > 0 ? current.nextElementSibling : current.previousElementSibling;
  sibling?.querySelector<HTMLElement>(rowLink)?.focus();
}

export function focusFirstLine(): void {
  document.querySelector<HTMLElement>(rowLink)?.focus();
}
