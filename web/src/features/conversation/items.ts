import type { Item, TalkEvent, TalkPage } from "./shapes";

/** A receipt is still to come, and soon: what was delivered may be read days later. */
export function isMoving({ direction, status }: Item): boolean {
  return direction === "out" && ["queued", "sending", "submitted", "sent"].includes(status);
}

function isOlder(one: Item, than: Item): boolean {
  return one.at < than.at || (one.at === than.at && one.id < than.id);
}

/** The newest page over all that was fetched before. When they do not touch, what lies between is unknown: then only the
 * newest page stands. */
export function mergeItems(fresh: TalkPage, known: TalkPage): TalkPage {
  const oldest = fresh.items.at(-1);
  if (!oldest || fresh.next === null) return fresh;
  const older = known.items.filter((item) => isOlder(item, oldest));
  if (older.length === known.items.length) return fresh;
  return { ...fresh, items: [...fresh.items, ...older], next: older.length > 0 ? known.next : fresh.next };
}

/** What is known with one page more behind it. */
export function appendOlder(known: TalkPage, older: TalkPage): TalkPage {
  const oldest = known.items.at(-1);
  const added = older.items.filter((item) => !oldest || isOlder(item, oldest));
  return { ...known, items: [...known.items, ...added], next: older.next };
}

export type Line = { kind: "day"; date: string } | { kind: "item"; item: Item } | { kind: "event"; event: TalkEvent };

/** Oldest first, with what was done about the talk between the messages, and each day named once. */
export function linesOf(page: TalkPage, dateOf: (at: string) => string): Line[] {
  const oldest = page.items.at(-1)?.at ?? "";
  const events = page.events.filter(({ at }) => page.next === null || at >= oldest);
  const told = [
    ...page.items.map((item) => ({ at: item.at, line: { kind: "item", item } satisfies Line })),
    ...events.map((event) => ({ at: event.at, line: { kind: "event", event } satisfies Line })),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const lines: Line[] = [];
  let today = "";
  for (const { at, line } of told) {
    const date = dateOf(at);
    if (date !== today) lines.push({ kind: "day", date });
    today = date;
    lines.push(line);
  }
  return lines;
}

/** The id of the second try of a failed message: the same from every window, so that two people's clicks are one message.
 * RFC 9562, version 8: the digest of the first one's id. */
export async function retryIdOf(id: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`retry:${id}`)));
  const bytes = digest.slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
