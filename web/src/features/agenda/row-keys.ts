/** Rows are real links: arrows move the focus between them and Enter is the browser's own; the letters are buttons' too. */
const rowLink = "[data-callback-link]";

export type RowAction = "complete" | "move" | "cancel" | "take";

const letters: Record<string, RowAction> = { c: "complete", r: "move", x: "cancel", t: "take" };

function rows(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>(rowLink)];
}

/** The neighbour takes the focus before its row goes away. */
export function leaveRow(list: HTMLElement, callbackId: string): void {
  const all = rows(list);
  const place = all.findIndex((link) => link.dataset.callbackLink === callbackId);
  (all[place + 1] ?? all[place - 1])?.focus();
}

export function focusFirst(list: HTMLElement): void {
  rows(list)[0]?.focus();
}

/** What a key means in the list: moves the focus by itself, names an action for the caller. */
export function readKey(
  event: React.KeyboardEvent<HTMLElement>,
): { action: RowAction; callbackId: string } | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return undefined;
  const current = (event.target as HTMLElement).closest<HTMLElement>("li")?.querySelector<HTMLElement>(rowLink);
  if (!current) return undefined;
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (step) {
    event.preventDefault();
    const all = rows(event.currentTarget);
    all[all.indexOf(current) + step]?.focus();
    return undefined;
  }
  const action = letters[event.key];
  const callbackId = current.dataset.callbackLink;
  if (!action || !callbackId) return undefined;
  event.preventDefault();
  return { action, callbackId };
}
