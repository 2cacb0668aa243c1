import type { MessageStatus } from "@/lib/timeline";
import type { Tone } from "@/ui/tag";

export const messageStatusNames: Record<MessageStatus, string> = {
  queued: "na fila",
  sending: "enviando",
  // The provider has taken it; whether it reached WhatsApp is told by the next receipt.
  submitted: "enviando",
  unknown: "sem confirmação",
  sent: "enviada",
  delivered: "entregue",
  read: "lida",
  failed: "falhou",
  received: "recebida",
};

export const messageStatusTones: Record<MessageStatus, Tone> = {
  queued: "neutral",
  sending: "busy",
  submitted: "busy",
  unknown: "warn",
  sent: "busy",
  delivered: "good",
  read: "good",
  failed: "bad",
  received: "accent",
};
