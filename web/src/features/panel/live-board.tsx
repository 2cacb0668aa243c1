import type { ReactNode } from "react";
import { Link } from "wouter";
import { breakName } from "@/lib/breaks";
import { count, money, plural } from "@/lib/format";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import { Panel } from "@/ui/panel";
import { ErrorState, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./panel.module.css";
import { boardKey, useBoard } from "./queries";
import type { Board, Card, Figure, PanelFilter, Person } from "./shapes";
import { WaitingList } from "./waiting-list";
import { agoText } from "./words";

/** A full floor has news every second, and counting a day is work: what comes sooner waits for the next look. */
const restMs = 3_000;

interface BoardProps {
  /** The definitions, as soon as they are known. */
  cards: Card[] | undefined;
  onOpen: (card: Card, figure: Figure | undefined, filter: PanelFilter) => void;
}

/** What is going on right now. */
export function LiveBoard({ cards, onOpen }: BoardProps): ReactNode {
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
        <PeopleTable board={board} cards={cards} onOpen={onOpen} />
      </Panel>
      <Panel title="Precisa de você">
        <WaitingList board={board} />
      </Panel>
    </div>
  );
}

/** What is told of each person's day, by the panel's own definitions. */
const told = ["dispositions", "right_party", "agreements"] as const;
const headings = { dispositions: "Tabulações hoje", right_party: "CPC", agreements: "Acordos hoje" };

function PeopleTable({ board, cards, onOpen }: BoardProps & { board: Board }): ReactNode {
  const cardOf = (code: string): Card | undefined => cards?.find((card) => card.code === code);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
    <section className={classes.scroll} tabIndex={0} aria-label="Pessoas">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Pessoa</th>
            <th scope="col">Situação</th>
            {told.map((code) => (
              <th key={code} scope="col" title={cardOf(code)?.sentence} data-right>
                {headings[code]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {board.people.map((each) => (
            <tr key={each.id} data-alarm={each.alarm !== null || undefined}>
              <th scope="row">{each.name}</th>
              <td>
                <Standing person={each} now={board.now} />
              </td>
              {told.map((code) => {
                const card = cardOf(code);
                const value = each[code];
                return (
                  <td key={code} data-right>
                    {card && value > 0 ? (
                      <button
                        type="button"
                        className={classes.cell}
                        aria-label={`${each.name}: ${headings[code]} ${count(value)}`}
                        onClick={() =>
                          onOpen(card, { value }, { from: board.today, to: board.today, operator_id: each.id })
                        }
                      >
                        {count(value)}
                      </button>
                    ) : (
                      count(value)
                    )}
                    {code === "agreements" && value > 0 && (
                      <div className={classes.faint}>{money(each.agreed_cents)}</div>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Who is stuck, told before how they stand. */
function Alarm({ alarm, now }: { alarm: NonNullable<Person["alarm"]>; now: string }): ReactNode {
  return (
    <div>
      <Tag tone="bad">{alarm.kind === "pause" ? "pausa sem motivo" : "pós-atendimento longo"}</Tag>{" "}
      <span className={classes.faint}>
        {alarm.kind === "pause"
          ? `o discador pausou ${agoText(alarm.since, now)} e ninguém disse por quê`
          : `a ligação acabou ${agoText(alarm.since, now)}; o usual são ${alarm.usual_seconds ?? 0} s`}
      </span>
    </div>
  );
}

/** How somebody stands and since when. A client on the screen of somebody who pauses is a pause. */
function Standing({ person, now }: { person: Person; now: string }): ReactNode {
  return (
    <>
      {person.alarm && <Alarm alarm={person.alarm} now={now} />}
      <State person={person} now={now} />
    </>
  );
}

function State({ person, now }: { person: Person; now: string }): ReactNode {
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
