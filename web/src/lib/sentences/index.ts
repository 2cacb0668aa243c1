import { carteira } from "./carteira";
import { platform } from "./platform";

/** Machine code (docs/error_codes.md) → the sentence people read. A test compares both lists. */
export const sentences: Record<string, string> = { ...platform, ...carteira };

/** Adds the sentences of the rooms that no first paint waits for. */
export async function learnRemaining(): Promise<void> {
  Object.assign(sentences, (await import("./rooms")).rooms);
}
