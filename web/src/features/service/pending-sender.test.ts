import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "@/lib/errors";
import { sendDue, sendPending, takeBackPending, waitAfter } from "./pending-sender";
import { deletePending, getPending, listPending, type PendingDisposition, putPending } from "./pending-store";

const owner = "user:tenant";
const minuteMs = 60_000;

function pending(id: string, more: Partial<PendingDisposition> = {}): PendingDisposition {
  return {
    id,
    owner,
    tenantId: "tenant",
    clientId: "client",
    clientName: "Ana",
    type: "voicemail",
    notes: "",
    scheduledCallback: null,
    madeAt: `2026-11-22T12:00:0${id}Z`,
    attempts: 0,
    nextAttemptAt: 0,
    refusedBy: null,
    ...more,
  };
}

/** Web Locks as two tabs of one browser share them; Node has none. */
class Locks {
  readonly #held = new Set<string>();
  async request<Result>(
    name: string,
    _options: LockOptions,
    work: (lock: Lock | null) => Promise<Result>,
  ): Promise<Result> {
    if (this.#held.has(name)) return work(null);
    this.#held.add(name);
    try {
      return await work({ name, mode: "exclusive" });
    } finally {
      this.#held.delete(name);
    }
  }
}

beforeEach(async () => {
  vi.stubGlobal("navigator", { locks: new Locks() });
  for (const { id } of await listPending(owner)) await deletePending(id);
});

describe("a pending disposition", () => {
  it("is gone once it is saved", async () => {
    await putPending(pending("1"));
    expect(await sendPending("1", async () => undefined)).toBe("saved");
    expect(await getPending("1")).toBeUndefined();
  });

  it("stays, and waits longer, while nobody answers", async () => {
    await putPending(pending("1"));
    const offline = (): Promise<void> => Promise.reject(new AppError("offline", 0));
    expect(await sendPending("1", offline, () => 1_000)).toBe("kept");
    const record = await getPending("1");
    expect(record).toMatchObject({ attempts: 1, refusedBy: null });
    expect(record?.nextAttemptAt).toBeGreaterThanOrEqual(2_000);
  });

  it("stays with the refusal's code, and is not sent again by itself", async () => {
    await putPending(pending("1"));
    const send = vi.fn(() => Promise.reject(new AppError("callback_in_past", 400)));
    expect(await sendPending("1", send)).toBe("refused");
    await sendDue(owner, send, { force: true });
    expect(send).toHaveBeenCalledTimes(1);
    expect(await getPending("1")).toMatchObject({ refusedBy: "callback_in_past" });
  });

  it("is never sent by two tabs at once", async () => {
    await putPending(pending("1"));
    let finish = (): void => undefined;
    const send = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const first = sendPending("1", send);
    await vi.waitFor(() => expect(send).toHaveBeenCalledTimes(1));
    expect(await sendPending("1", send)).toBe("elsewhere");
    finish();
    expect(await first).toBe("saved");
    expect(await sendPending("1", send)).toBe("elsewhere");
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("is not lost to an error that nobody foresaw", async () => {
    await putPending(pending("1"));
    const bug = (): Promise<void> => Promise.reject(new TypeError("x is undefined"));
    await expect(sendPending("1", bug)).rejects.toThrow("x is undefined");
    expect(await getPending("1")).toBeDefined();
  });
});

describe("the sweep", () => {
  it("sends the oldest first and leaves other people's alone", async () => {
    await putPending(pending("2"));
    await putPending(pending("1"));
    await putPending(pending("3", { owner: "somebody:else" }));
    const sent: string[] = [];
    await sendDue(owner, async ({ id }) => void sent.push(id));
    expect(sent).toEqual(["1", "2"]);
    expect(await getPending("3")).toBeDefined();
    await deletePending("3");
  });

  it("stops at the first that finds nobody home", async () => {
    await putPending(pending("1"));
    await putPending(pending("2"));
    const send = vi.fn(() => Promise.reject(new AppError("server_error", 503)));
    await sendDue(owner, send);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("passes over a refused one, which would block the rest for ever", async () => {
    await putPending(pending("1", { refusedBy: "not_allowed" }));
    await putPending(pending("2"));
    await sendDue(owner, async () => undefined);
    expect((await listPending(owner)).map(({ id }) => id)).toEqual(["1"]);
  });

  it("waits out the back-off, unless the network has just come back", async () => {
    await putPending(pending("1", { nextAttemptAt: minuteMs }));
    const send = vi.fn(async () => undefined);
    await sendDue(owner, send, { clock: () => 0 });
    expect(send).not.toHaveBeenCalled();
    await sendDue(owner, send, { clock: () => 0, force: true });
    expect(send).toHaveBeenCalledTimes(1);
  });
});

describe("the back-off", () => {
  it("doubles up to a minute, with at most a tenth of jitter", () => {
    expect([1, 2, 3, 4].map((attempts) => waitAfter(attempts, 0))).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waitAfter(30, 1)).toBeCloseTo(minuteMs * 1.1);
  });
});

describe("a disposition taken back", () => {
  it("that never left is gone, and nothing is sent", async () => {
    await putPending(pending("1"));
    expect(await takeBackPending("1")).toBe("dropped");
    const send = vi.fn(async () => undefined);
    await sendDue(owner, send, { force: true });
    expect(send).not.toHaveBeenCalled();
  });

  it("whose try may have arrived stays until the server has undone it", async () => {
    await putPending(pending("1", { attempts: 1, nextAttemptAt: minuteMs }));
    expect(await takeBackPending("1")).toBe("asked");
    const asked: boolean[] = [];
    await sendDue(owner, async ({ isUndone }) => void asked.push(isUndone === true), { clock: () => 0 });
    expect(asked).toEqual([true]);
    expect(await listPending(owner)).toEqual([]);
  });

  it("whose tab died while it asked is not taken for one that never left", async () => {
    await putPending(pending("1"));
    // The server never answers, and the lock goes with the tab.
    void sendPending("1", () => new Promise(() => undefined));
    await vi.waitFor(async () => expect(await getPending("1")).toMatchObject({ attempts: 1 }));
    vi.stubGlobal("navigator", { locks: new Locks() });
    expect(await takeBackPending("1")).toBe("asked");
  });

  it("that the server does not know is looked for until no try can arrive any more", async () => {
    await putPending(pending("1"));
    let now = 0;
    const clock = (): number => now;
    await sendPending("1", () => Promise.reject(new AppError("offline", 0)), clock);
    await takeBackPending("1");
    const unknown = vi.fn(() => Promise.reject(new AppError("disposition_not_found", 404)));
    expect(await sendPending("1", unknown, clock)).toBe("sought");
    now = minuteMs / 2;
    expect(await sendPending("1", unknown, clock)).toBe("saved");
    expect(await getPending("1")).toBeUndefined();
  });

  it("too late says so and stays to be read", async () => {
    await putPending(pending("1", { attempts: 1 }));
    await takeBackPending("1");
    await sendPending("1", () => Promise.reject(new AppError("undo_too_late", 409)));
    expect(await getPending("1")).toMatchObject({ refusedBy: "undo_too_late", isUndone: true });
  });

  it("that the server has is for the server to undo", async () => {
    expect(await takeBackPending("1")).toBe("sent");
  });
});
