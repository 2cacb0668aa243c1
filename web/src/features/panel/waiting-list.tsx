import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { plural } from "@/lib/format";
import { Tag } from "@/ui/tag";
import classes from "./panel.module.css";
import type { Board } from "./shapes";
import { agoText, providerNames, queueWords, waitingWords } from "./words";

/** Providers that are silent, what waits for a decision or is stuck, and what is on its way out. */
export function WaitingList({ board }: { board: Board }): ReactNode {
  const healthy = board.providers.filter((each) => each.last_event_at && !(each.failing_since ?? each.silent_since));
  const troubled = board.providers.filter((each) => each.failing_since ?? each.silent_since);
  return (
    <ul className={classes.waiting}>
      {board.waiting.length === 0 && troubled.length === 0 && (
        <li>Nada parado e nada esperando decisão. Bom trabalho!</li>
      )}
      {troubled.map(({ provider, failing_since: failing, silent_since: silent }) => (
        <li key={provider} className={classes.alarm}>
          {providerNames[provider] ?? provider}{" "}
          {failing
            ? `recusa nossos pedidos desde ${moment(failing)}`
            : `está em silêncio desde ${moment(silent ?? board.now)}`}
          .
        </li>
      ))}
      {board.waiting.map(({ kind, is_decision, count: waiting, oldest_at }) => {
        const [one, many, href] = waitingWords[kind] ?? [kind, kind, "/painel"];
        return (
          <li key={kind}>
            <Tag tone={is_decision ? "warn" : "bad"}>{is_decision ? "decidir" : "parado"}</Tag>{" "}
            <Link href={href}>{plural(waiting, one, many)}</Link>
            <span className={classes.faint}>desde {moment(oldest_at)}</span>
          </li>
        );
      })}
      {board.queues.map(({ kind, count: waiting, oldest_at }) => (
        <li key={kind}>
          {plural(waiting, ...(queueWords[kind] ?? [kind, kind]))}
          <span className={classes.faint}>a mais antiga {agoText(oldest_at, board.now)}</span>
        </li>
      ))}
      {healthy.length > 0 && (
        <li className={classes.faint}>
          Falando conosco: {healthy.map(({ provider }) => providerNames[provider] ?? provider).join(", ")}.
        </li>
      )}
    </ul>
  );
}
