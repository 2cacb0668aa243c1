import { Button } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { addDays, localDate, localTime, now, weekday } from "@/lib/clock";
import { day } from "@/lib/format";
import { Bubble } from "./bubble";
import { linesOf } from "./items";
import { PendingBubble } from "./pending-bubble";
import type { TalkPage } from "./shapes";
import classes from "./talk.module.css";
import type { Outbox } from "./use-pending";
import { fetchOlder } from "./use-talk";
import { eventSentence } from "./words";

/** Nearer to the end than this is at the end: a line and a half. */
const endPx = 48;
/** Older messages are fetched this long before their place is reached. */
const aheadPx = 400;
const tabStop = 0;

interface MessageListProps {
  page: TalkPage;
  outbox: Outbox;
  /** Back into the composer. */
  onEdit: (body: string) => void;
}

/** Newest at the bottom. Who reads further up stays there, whatever comes at either end. */
export function MessageList({ page, outbox, onEdit }: MessageListProps): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  const { isAtEnd, onScroll, toEnd } = useKeptPlace(list, page, outbox.pending.length);
  const lines = linesOf(page, (at) => localDate(new Date(at)));
  return (
    <div className={classes.middle}>
      {/* A scrolling area must be reachable by keyboard (WCAG 2.1.1). */}
      <div ref={list} className={classes.list} onScroll={onScroll} tabIndex={tabStop}>
        {page.next && <p className={classes.older}>Carregando mensagens anteriores…</p>}
        <ol aria-label="Mensagens">
          {lines.map((line) => {
            if (line.kind === "day")
              return (
                <li key={line.date} className={classes.day}>
                  {dayHeading(line.date)}
                </li>
              );
            if (line.kind === "event")
              return (
                <li key={line.event.id} className={classes.event}>
                  {eventSentence(line.event)} ·{" "}
                  <time dateTime={line.event.at}>{localTime(new Date(line.event.at))}</time>
                </li>
              );
            return <Bubble key={line.item.id} item={line.item} items={page.items} onAgain={outbox.send} />;
          })}
          {outbox.pending.map((one) => (
            <PendingBubble key={one.id} pending={one} outbox={outbox} onEdit={onEdit} />
          ))}
        </ol>
        {lines.length === 0 && outbox.pending.length === 0 && (
          <p className={classes.nothing}>Nenhuma mensagem ainda. Comece com um modelo aprovado.</p>
        )}
      </div>
      {!isAtEnd && (
        <Button className={classes.toEnd} size="compact-sm" leftSection={<IconArrowDown size={14} />} onClick={toEnd}>
          Mais recentes
        </Button>
      )}
    </div>
  );
}

function dayHeading(date: string): string {
  const today = localDate(now());
  if (date === today) return "Hoje";
  if (date === addDays(today, -1)) return "Ontem";
  return `${day(date)}, ${weekday(date)}`;
}

interface Place {
  isAtEnd: boolean;
  onScroll: () => void;
  toEnd: () => void;
}

function useKeptPlace(list: React.RefObject<HTMLDivElement | null>, page: TalkPage, pending: number): Place {
  const queryClient = useQueryClient();
  const { id } = page.conversation;
  const [isAtEnd, setIsAtEnd] = useState(true);
  const atEnd = useRef(true);
  const lastTop = useRef(0);
  const fetching = useRef(false);
  const before = useRef({ oldest: page.items.at(-1)?.id, height: 0 });
  const oldest = page.items.at(-1)?.id;
  const newest = `${page.items[0]?.id}:${pending}:${page.events.length}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is new at either end is what moves the place.
  useLayoutEffect(() => {
    const box = list.current;
    if (!box) return;
    if (atEnd.current) box.scrollTop = box.scrollHeight;
    // Pages that came above push down what is read: go along.
    else if (oldest !== before.current.oldest) box.scrollTop += box.scrollHeight - before.current.height;
    before.current = { oldest, height: box.scrollHeight };
  }, [oldest, newest, list]);
  useEffect(() => {
    const box = list.current;
    if (!box) return;
    // Pictures and a growing composer change the room there is.
    const watch = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight;
      before.current.height = box.scrollHeight;
    });
    watch.observe(box);
    if (box.firstElementChild) watch.observe(box.firstElementChild);
    return () => watch.disconnect();
  }, [list]);
  const onScroll = (): void => {
    const box = list.current;
    if (!box) return;
    before.current.height = box.scrollHeight;
    // Only who scrolls up leaves the end: what arrived since the place was set has grown the list
    // before this event came, and says nothing about the reader.
    const isNear = box.scrollHeight - box.scrollTop - box.clientHeight < endPx;
    atEnd.current = isNear || (atEnd.current && box.scrollTop >= lastTop.current);
    lastTop.current = box.scrollTop;
    setIsAtEnd(atEnd.current);
    if (box.scrollTop > aheadPx || fetching.current || !page.next) return;
    fetching.current = true;
    void fetchOlder(queryClient, id)
      .catch(() => undefined)
      .finally(() => {
        fetching.current = false;
      });
  };
  const toEnd = (): void => {
    atEnd.current = true;
    list.current?.scrollTo({ top: list.current.scrollHeight });
  };
  return { isAtEnd, onScroll, toEnd };
}
