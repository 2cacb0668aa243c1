import { AppError } from "@/lib/errors";

/** Before each further try, in ms: a network that blinks is back within them, and nobody waits longer to be told. */
const pauses = [500, 2_000, 5_000];
/** Between later tries, in ms, of what nobody waits for: rare enough to cost nothing for a whole shift. */
const longPause = 30_000;

/** The module that did not come, where the browser names it. */
const addressIn = /https?:\S+\.js/;

const importAnew = (address: string): Promise<unknown> => import(/* @vite-ignore */ address);

/**
 * Code that a blink of the network kept away is asked for again. What somebody waits for is said to be missing at last
 * (a new release may have taken it away); what nobody asked for keeps trying.
 *
 * A browser remembers that a module did not come and never asks the network for that address again, so each further try
 * has an address of its own.
 */
export async function brought<Code>(
  load: () => Promise<Code>,
  isAwaited = true,
  importFrom: (address: string) => Promise<unknown> = importAnew,
): Promise<Code> {
  let address: string | undefined;
  for (let tries = 0; ; tries += 1) {
    try {
      return await (address === undefined ? load() : (importFrom(`${address}?again=${tries}`) as Promise<Code>));
    } catch (cause) {
      if (isAwaited && tries === pauses.length) throw new AppError("part_not_loaded", 0, String(cause));
      address ??= addressIn.exec(String(cause))?.[0];
      await new Promise((resume) => setTimeout(resume, pauses[tries] ?? longPause));
    }
  }
}
