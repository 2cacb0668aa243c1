import type { ReactNode } from "react";
import { Link } from "wouter";
import { breakName } from "@/lib/breaks";
import { moment } from "@/lib/clock";
import { count, money, plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import { Panel } from "@/ui/panel";
import { ErrorState, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./panel.module.css";
import { boardKey, useBoard } from "./queries";
import type { Board, Person } from "./shapes";
import { agoText, providerNames, queueWords, waitingWords } from "./words";

/** A full floor has news every second, and counting a day is work: what comes sooner waits for the next look. */
const restMs = 3_000;

/** What is going on right now. */
export function LiveBoard(): ReactNode {
  const { data: board, error, refetch, dataUpdatedAt } = useBoard(true);
  const { tenant, user } = useMember();
  useLiveQueries(`panel:${tenant.id}`, [boardKey], () => (Date.now() - dataUpdatedAt > restMs ? [boardKey] : []));
  // Whatever a supervisor is told of (a proposal, a payment, a provider that fails) waits on the board, too.
  useLiveQueries(`user:${user.id}`, [], () => [boardKey]);
  if (!board)
    return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton width="100%" height={120} />;
  return (
    <div className={classes.board}>
      <Panel
        title="Equipe agora"
        aside={plural(board.people.filter(({ serving }) => serving).length, "em atendimento", "em atendimento")}
      >
        <PeopleTable people={board.people} now={board.now} />
      </Panel>
      <Panel title="Precisa de você">
        <WaitingList board={board} />
      </Panel>
    </div>
  );
}

function PeopleTable({ people, now }: { people: Person[]; now: string }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
    <section className={classes.scroll} tabIndex={0} aria-label="Pessoas">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Pessoa</th>
            <th scope="col">Situação</th>
            <th scope="col" data-right>
              Acionamentos hoje
            </th>
            <th scope="col" data-right>
              CPC
            </th>
            <th scope="col" data-right>
              Acordos
            </th>
          </tr>
        </thead>
        <tbody>
          {people.map((each) => (
            <tr key={each.id}>
              <th scope="row">{each.name}</th>
              <td>
                <Standing person={each} now={now} />
              </td>
              <td data-right>{count(each.attempts)}</td>
              <td data-right>{count(each.right_party)}</td>
              <td data-right>
                {count(each.agreements)}
                {each.agreements > 0 && <div className={classes.faint}>{money(each.agreed_cents)}</div>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** How somebody stands and since when. A client on the screen of somebody who pauses is a pause. */
function Standing({ person, now }: { person: Person; now: string }): ReactNode {
  const { serving, state } = person;
  const done = person.last_disposition_at && `tabulou ${agoText(person.last_disposition_at, now)}`;
  if (state?.state === "paused")
    return (
      <>
        <Tag tone="warn">em pausa</Tag> {breakName(state.reason)}
        <div className={classes.faint}>{agoText(state.since, now)}</div>
      </>
    );
  if (serving)
    return (
      <>
        <Tag tone="busy">em atendimento</Tag>{" "}
        {serving.document && <Link href={`/carteira/${serving.document}`}>{serving.client}</Link>}
        <div className={classes.faint}>{agoText(serving.since, now)}</div>
      </>
    );
  if (state)
    return (
      <>
        <Tag tone="good">disponível</Tag>
        <div className={classes.faint}>
          {agoText(state.since, now)}
          {done && `, ${done}`}
        </div>
      </>
    );
  const seen = person.seen_at && `fora, visto ${agoText(person.seen_at, now)}`;
  return <span className={classes.faint}>{[seen, done].filter(Boolean).join(", ") || "ainda não tabulou"}</span>;
}

function WaitingList({ board }: { board: Board }): ReactNode {
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
