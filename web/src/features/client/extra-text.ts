/** A value of a file's own column, as people read it. */
export function extraText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
