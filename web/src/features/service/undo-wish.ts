/** As long as the usual window: later nothing could be taken back. */
const patienceMs = 10_000;

let awaited: string | null = null;
let since = 0;
let isWished = false;

/** Ctrl+Z, except inside a field with something of its own to undo. */
export function isUndoKey({ ctrlKey, metaKey, altKey, shiftKey, key, repeat, target }: KeyboardEvent): boolean {
  const isWritten = (target as { value?: unknown } | null)?.value;
  return (ctrlKey || metaKey) && !altKey && !shiftKey && key === "z" && !repeat && !isWritten;
}

// From the outcome's key until something offers to take it back, whose code may still be on the way.
addEventListener("keydown", (event) => {
  if (!awaited || Date.now() > since + patienceMs || !isUndoKey(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  isWished = true;
});

/** This disposition is being kept. */
export function awaitUndo(id: string): void {
  awaited = id;
  since = Date.now();
  isWished = false;
}

/** Whether its undoing was asked for meanwhile; asked once, or when there is nothing to take back, and the key is free. */
export function takeWish(id: string): boolean {
  if (awaited !== id) return false;
  awaited = null;
  return isWished;
}
