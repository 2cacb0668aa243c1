import { AppError } from "@/lib/errors";

/** Before each further try, in ms: a network that blinks is back within them, and nobody waits longer to be told. */
const pauses = [500, 2_000, 5_000];
/** Between later tries, in ms, of what nobody waits for: rare enough to cost nothing for a whole shift. */
const longPause = 30_000;

/**
 * Code that a blink of the network kept away is asked for again. What somebody waits for is said to be missing at last
 * (a new release may have taken it away); what nobody asked for keeps trying.
 */
export async function brought<Code>(load: () => Promise<Code>, isAwaited = true): Promise<Code> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await load();
    } catch (cause) {
      const pause = pauses[tries] ?? longPause;
      if (isAwaited && tries === pauses.length) throw new AppError("part_not_loaded", 0, String(cause));
      await new Promise((resume) => setTimeout(resume, pause));
    }
  }
}
