import type { Preview } from "./shapes";

/** What a person has said about the file's columns, by the file's own titles, and about its creditor. */
export interface Answers {
  changed: Record<string, string>;
  /** Id or name; empty: the file's column tells. */
  creditor: string;
}

/** A file has as many phone and document columns as it likes, and any number of columns that are no field. */
const repeatable: ReadonlySet<string> = new Set(["document", "phone", "extra", "ignore"]);

/** The mapping to send: the guess, without the columns whose field was given to another, under what the person said.
 * One that nobody touched is empty: the server guesses the same, and saves only what a person said. */
export function saidMapping(guess: Record<string, string>, said: Record<string, string>): Record<string, string> {
  if (Object.keys(said).length === 0) return {};
  const given = new Set(Object.values(said).filter((field) => !repeatable.has(field)));
  const left = Object.entries(guess).filter(([title, field]) => title in said || !given.has(field));
  return { ...Object.fromEntries(left), ...said };
}

/** What must still be answered before the file can be checked. */
export function openQuestions(preview: Preview, { changed, creditor }: Answers): string[] {
  const answered = new Set(Object.values(changed));
  const asked = new Set(preview.questions.map(({ field }) => field));
  if (leavesCreditorColumn(preview, changed)) asked.add("creditor");
  return [...asked].filter((field) => !answered.has(field) && !(field === "creditor" && creditor));
}

/** Said to be something else, the column that told the creditors makes none. */
export function leavesCreditorColumn(preview: Preview, changed: Record<string, string>): boolean {
  const column = preview.columns.find(({ field }) => field === "creditor");
  if (!column || Object.keys(changed).length === 0) return false;
  return saidMapping(preview.mapping, changed)[column.title] !== "creditor";
}
