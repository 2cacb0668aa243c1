/** A pasted or uploaded table of monthly factors, "2026-03;0,56" or "03/2026 0.56" a line → {"2026-03": "0.56"}; the numbers
 * of the lines that say nothing readable come beside. */
export function factorsOf(text: string): { factors: Record<string, string>; unread: number[] } {
  const factors: Record<string, string> = {};
  const unread: number[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const found =
      /^\s*"?(?:(\d{4})-(\d{2})|(\d{2})\/(\d{4}))"?\s*[;,\t ]\s*"?(-?\d{1,3}(?:[.,]\d{1,6})?)\s*%?"?\s*$/.exec(line);
    const month = `${found?.[1] ?? found?.[4]}-${found?.[2] ?? found?.[3]}`;
    if (found?.[5] && /-(0[1-9]|1[0-2])$/.test(month)) factors[month] = found[5].replace(",", ".");
    // The first line may be a heading.
    else if (index > 0 || /\d/.test(line)) unread.push(index + 1);
  }
  return { factors, unread };
}
