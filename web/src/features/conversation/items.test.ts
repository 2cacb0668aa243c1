import { describe, expect, it } from "vitest";
import { appendOlder, linesOf, mergeItems, retryIdOf } from "./items";
import { priceText } from "./price-text";
import type { Item, TalkEvent, TalkPage } from "./shapes";
import { timeLeft } from "./time-left";

function item(second: number, more: Partial<Item> = {}): Item {
  const at = new Date(Date.UTC(2026, 10, 20, 12, 0, second)).toISOString();
  return { id: `m${second}`, at, direction: "in", body: String(second), status: "received", ...more } as Item;
}

function page(seconds: number[], next: string | null, events: TalkEvent[] = []): TalkPage {
  return { items: seconds.map((second) => item(second)), next, events } as unknown as TalkPage;
}

const shown = ({ items }: TalkPage): string[] => items.map(({ body }) => body);

describe("what was fetched stays, and the newest page is always the truth", () => {
  it("keeps older pages behind a fresh one, in order and once each", () => {
    const merged = mergeItems(page([9, 8, 7], "c7"), page([8, 7, 6, 5], "c5"));
    expect(shown(merged)).toEqual(["9", "8", "7", "6", "5"]);
    expect(merged.next).toBe("c5");
  });

  it("drops what the server no longer shows inside the fresh page", () => {
    expect(shown(mergeItems(page([9, 7], "c7"), page([9, 8, 7, 6], null)))).toEqual(["9", "7", "6"]);
  });

  it("leaves no unseen hole: pages that do not touch are not joined", () => {
    const merged = mergeItems(page([9, 8], "c8"), page([3, 2], null));
    expect(shown(merged)).toEqual(["9", "8"]);
    expect(merged.next).toBe("c8");
  });

  it("adds a page before without repeating its border", () => {
    const all = appendOlder(page([9, 8, 7], "c7"), page([7, 6, 5], null));
    expect(shown(all)).toEqual(["9", "8", "7", "6", "5"]);
    expect(all.next).toBeNull();
  });
});

describe("the lines of a talk", () => {
  const event = (second: number): TalkEvent => ({ ...item(second), kind: "opted_out" }) as unknown as TalkEvent;

  it("run oldest first, with events between messages and each day once", () => {
    const lines = linesOf(page([9, 5], null, [event(7)]), () => "2026-11-20");
    expect(lines.map(({ kind }) => kind)).toEqual(["day", "item", "event", "item"]);
  });

  it("hold back events of a time whose messages are not fetched yet", () => {
    expect(linesOf(page([9, 5], "c5", [event(2)]), () => "d").some(({ kind }) => kind === "event")).toBe(false);
  });
});

it("a second try has the same id from every window, another one for another message, and is a UUID", async () => {
  const id = await retryIdOf("0191d6c4-0000-4000-8000-000000000001");
  expect(await retryIdOf("0191d6c4-0000-4000-8000-000000000001")).toBe(id);
  expect(await retryIdOf("0191d6c4-0000-4000-8000-000000000002")).not.toBe(id);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it("what is left of the window is told in hours and minutes, and never as zero while it is open", () => {
  expect([86_399_000, 3_600_000, 3_599_000, 60_000, 59_999].map(timeLeft)).toEqual([
    "23 h 59 min",
    "1 h 00 min",
    "59 min",
    "1 min",
    "menos de 1 min",
  ]);
});

it("a price says whose it is and is never rounded to nothing", () => {
  const plain = (text: string): string => text.replaceAll("\u00a0", " ");
  expect(plain(priceText({ currency: "BRL", price_micros: 42_000, is_own: true }))).toBe("R$ 0,042");
  expect(plain(priceText({ currency: "USD", price_micros: 3_400, is_own: false }))).toBe("cerca de US$ 0,0034");
  expect(priceText({ currency: "BRL", price_micros: 0, is_own: true })).toBe("sem custo");
});
