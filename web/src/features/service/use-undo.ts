import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";
import { now } from "@/lib/clock";
import { AppError, sentenceFor } from "@/lib/errors";
import { timelineKey } from "@/lib/timeline";
import { undoDisposition } from "./queries";
import { changeUndo, type Undoable, withdrawUndo } from "./undo-store";
import { isUndoKey, takeWish } from "./undo-wish";
import { useTakeBack, whenTakenBack } from "./use-pending";

/** Between two tries while the network is away: the window is some ten seconds long. */
const retryMs = 1_000;
/** How long "desfeita", or why it was not, stays to be read. */
const toldMs = 5_000;

/** Whole seconds until then, counted down; null when it is over or there is none. */
export function useSecondsUntil(until: number | null): number | null {
  const left = (): number => (until === null ? 0 : until - now().getTime());
  const [, tick] = useState(0);
  const ms = left();
  useEffect(() => {
    if (ms <= 0) return;
    const timer = setTimeout(() => tick((count) => count + 1), ms % 1_000 || 1_000);
    return () => clearTimeout(timer);
  });
  return ms > 0 ? Math.ceil(ms / 1_000) : null;
}

/** Asks until an answer comes or the window is over. Undone twice is undone. */
async function askWhileOpen({ id, tenantId, until }: Undoable): Promise<void> {
  for (;;) {
    try {
      return await undoDisposition(id, tenantId);
    } catch (error) {
      const isOver = until !== null && now().getTime() >= until;
      if (!(error instanceof AppError) || !error.isTransient || isOver) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

function useUndoKey(onPress: () => void): void {
  const handle = useEffectEvent((event: KeyboardEvent) => {
    if (!isUndoKey(event)) return;
    event.preventDefault();
    onPress();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => handle(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

export interface Undo {
  /** Until it can no longer be taken back; null while it has not been sent. */
  seconds: number | null;
  isOpen: boolean;
  press: () => void;
  /** Why it was not taken back, in words. */
  refusal: string | null;
}

export function useUndo(undoable: Undoable | null, onUndone?: (undone: Undoable) => void): Undo {
  const queryClient = useQueryClient();
  const takeBack = useTakeBack();
  const seconds = useSecondsUntil(undoable?.until ?? null);
  const isOpen = undoable?.state === "open" && (undoable.until === null || seconds !== null);
  const undo = async (chosen: Undoable): Promise<void> => {
    changeUndo(chosen.id, { state: "undoing" });
    try {
      const outcome = await takeBack(chosen.id);
      if (outcome === "sent") await askWhileOpen(chosen);
      else if (outcome === "asked") await whenTakenBack(chosen.id);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      changeUndo(chosen.id, { state: "failed", refusedBy: error.code });
      return;
    }
    changeUndo(chosen.id, { state: "undone" });
    onUndone?.(chosen);
    await queryClient.invalidateQueries({ queryKey: ["service", chosen.clientId] });
    await queryClient.invalidateQueries({ queryKey: timelineKey(chosen.clientId) });
  };
  const press = (): void => {
    if (undoable && isOpen) void undo(undoable);
  };
  useUndoKey(press);
  const { id, state } = undoable ?? {};
  const pressIfWished = useEffectEvent(press);
  useEffect(() => {
    if (id && state === "open" && takeWish(id)) pressIfWished();
  }, [id, state]);
  useEffect(() => {
    if (!id || (state !== "undone" && state !== "failed")) return;
    const timer = setTimeout(() => withdrawUndo(id), toldMs);
    return () => clearTimeout(timer);
  }, [id, state]);
  const code = undoable?.refusedBy;
  const refusal =
    code === "offline"
      ? "Sem conexão: não deu tempo de desfazer. A tabulação continua valendo."
      : code
        ? sentenceFor(new AppError(code, 409))
        : null;
  return { seconds, isOpen, press, refusal };
}
