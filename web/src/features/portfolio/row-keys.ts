/** Rows are real links: arrows move the focus between them, Enter is the browser's own, `a` opens the service screen,
 * `x` selects. */
const rowLink = "[data-row-link]";

export function focusFirstRow(): void {
  document.querySelector<HTMLElement>(rowLink)?.focus();
}

export function moveBetweenRows(event: React.KeyboardEvent<HTMLElement>): void {
  // With one of these held it is the browser's: Ctrl+A chooses all, Ctrl+J shows downloads.
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  const current = (event.target as HTMLElement).closest("tr");
  if (!current) return;
  if (event.key === "a") current.querySelector<HTMLElement>("[data-serve-link]")?.click();
  if (event.key === "x") current.querySelector<HTMLElement>("[data-select]")?.click();
  if (!step) return;
  event.preventDefault();
  const sibling = step > 0 ? current.nextElementSibling : current.previousElementSibling;
  const link = sibling?.querySelector<HTMLElement>(rowLink);
  if (link) link.focus();
  else if (step < 0) document.querySelector<HTMLElement>('[aria-label="Buscar na carteira"]')?.focus();
}
