/** A cell no spreadsheet takes for a formula. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** Lines of a download, with `;` between cells as Brazilian spreadsheets want it. */
export function csvLines(lines: string[][]): string {
  return lines.map((cells) => `${cells.map(cell).join(";")}\r\n`).join("");
}

/** Hands the browser a file. */
export function saveCsv(name: string, parts: string[]): void {
  const link = document.createElement("a");
  // The mark tells a spreadsheet that this is UTF-8.
  link.href = URL.createObjectURL(new Blob(["\ufeff", ...parts], { type: "text/csv;charset=utf-8" }));
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
