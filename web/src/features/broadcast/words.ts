import { plural } from "@/lib/format";
import { obstacleText } from "@/lib/message-words";
import type { Tone } from "@/ui/tag";
import type { Batch, BatchStatus, Outcome, Template } from "./shapes";

export const statusWords: Record<BatchStatus, { label: string; tone: Tone }> = {
  awaiting_confirmation: { label: "espera confirmação", tone: "warn" },
  scheduled: { label: "agendado", tone: "busy" },
  sending: { label: "enviando", tone: "accent" },
  paused: { label: "pausado", tone: "warn" },
  done: { label: "concluído", tone: "good" },
  cancelled: { label: "cancelado", tone: "neutral" },
};

/** A sending batch in which nothing goes out says so before anything else. */
export function stateOf({ status, is_stalled, sender, refusal_reason }: Batch): { label: string; tone: Tone } {
  if (status === "cancelled" && refusal_reason) return { label: "recusado", tone: "neutral" };
  if (status === "sending" && sender.state !== "active") return { label: "número parado", tone: "bad" };
  if (status === "sending" && is_stalled) return { label: "sem progresso", tone: "bad" };
  return statusWords[status];
}

export const outcomeNames: Record<Outcome, string> = {
  queued: "Na fila",
  sent: "Enviadas",
  delivered: "Entregues",
  read: "Lidas",
  answered: "Respondidas",
  failed: "Falharam",
  unknown: "Sem confirmação",
  skipped: "Puladas",
  excluded: "Fora do disparo",
};

const personWords: Record<string, { label: string; tone: Tone }> = {
  waiting: { label: "na fila", tone: "neutral" },
  claimed: { label: "na fila", tone: "neutral" },
  queued: { label: "na fila", tone: "neutral" },
  sending: { label: "enviando", tone: "busy" },
  unknown: { label: "sem confirmação", tone: "warn" },
  submitted: { label: "aceita", tone: "busy" },
  sent: { label: "enviada", tone: "busy" },
  delivered: { label: "entregue", tone: "good" },
  read: { label: "lida", tone: "good" },
  failed: { label: "falhou", tone: "bad" },
  skipped: { label: "pulada", tone: "warn" },
  excluded: { label: "fora", tone: "neutral" },
};

export function personWord(outcome: string): { label: string; tone: Tone } {
  return personWords[outcome] ?? { label: outcome, tone: "neutral" };
}

/** Why a template cannot go to many; null: it can. */
export function templateObstacle({ obstacle, variables }: Template): string | null {
  if (obstacle) return obstacleText(obstacle);
  if (variables.some((variable) => variable.startsWith("charge.")))
    return "fala de uma cobrança, e um disparo não leva nenhuma";
  return null;
}

/** 75 → "1 min 15 s"; two units are as exact as a guess may look. */
export function durationText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

export function messages(count: number): string {
  return plural(count, "mensagem", "mensagens");
}
