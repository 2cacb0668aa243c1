import { AppError } from "@/lib/errors";
import { deletePending, getPending, listPending, type PendingDisposition, putPending } from "./pending-store";

export type SendOutcome = "saved" | "kept" | "sought" | "refused" | "elsewhere";

/** Waits between attempts: 1 s, 2 s, 4 s … capped, so that an operator sees "saved" within a minute of the server's return. */
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
/** Twice what a request may take here: one that was given up may still arrive, and is looked for that long. */
const stragglerMs = 30_000;
/** A tenth of jitter keeps a room of operators from knocking in step. */
const jitter = 0.1;

export function waitAfter(attempts: number, random = Math.random()): number {
  const wait = Math.min(firstWaitMs * 2 ** (attempts - 1), longestWaitMs);
  return wait * (1 + jitter * random);
}

/** Sends one record at most once at a time over all tabs: a second tab that finds the lock taken leaves it alone. */
export async function sendPending(
  id: string,
  send: (record: PendingDisposition) => Promise<void>,
  clock: () => number = Date.now,
): Promise<SendOutcome> {
  return navigator.locks.request(`disposition:${id}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return "elsewhere";
    // Read inside the lock: the other tab may have sent it while this one was waiting its turn.
    const record = await getPending(id);
    if (!record || record.refusedBy) return "elsewhere";
    const attempts = record.attempts + 1;
    const tried = { ...record, attempts, ...(!record.isUndone && { triedAt: clock() }) };
    await putPending(tried);
    try {
      await send(tried);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (record.isUndone && error.code === "disposition_not_found") {
        if (clock() < (record.triedAt ?? 0) + stragglerMs) {
          await putPending({ ...tried, nextAttemptAt: clock() + firstWaitMs });
          return "sought";
        }
        // None of its tries has arrived, and none will: there is nothing to take back.
      } else if (error.isTransient) {
        await putPending({ ...tried, nextAttemptAt: clock() + waitAfter(attempts) });
        return "kept";
      } else {
        await putPending({ ...tried, refusedBy: error.code });
        return "refused";
      }
    }
    await deletePending(id);
    return "saved";
  });
}

/** Takes back what still waits here. "dropped": it never left. "asked": a try may have arrived, so the next one undoes it.
 * "sent": the server has it. */
export async function takeBackPending(id: string): Promise<"dropped" | "asked" | "sent"> {
  // Waits for a try that is under way: its outcome decides.
  return navigator.locks.request(`disposition:${id}`, { mode: "exclusive" }, async () => {
    const record = await getPending(id);
    if (!record) return "sent";
    if (record.attempts === 0) {
      await deletePending(id);
      return "dropped";
    }
    await putPending({ ...record, isUndone: true, refusedBy: null, nextAttemptAt: 0 });
    return "asked";
  });
}

/** Sends what is due; `force` also what is waiting out a back-off (the network has just come back). */
export async function sendDue(
  owner: string,
  send: (record: PendingDisposition) => Promise<void>,
  { force = false, clock = Date.now }: { force?: boolean; clock?: () => number } = {},
): Promise<void> {
  for (const record of await listPending(owner)) {
    if (record.refusedBy || (!force && record.nextAttemptAt > clock())) continue;
    const outcome = await sendPending(record.id, send, clock);
    // One that found nobody home means the rest would too.
    if (outcome === "kept") return;
  }
}
