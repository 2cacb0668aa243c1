import type { AutomationItem } from "@/lib/timeline";
import type { Tone } from "@/ui/tag";

export const runStatusNames: Record<AutomationItem["status"], [name: string, tone: Tone]> = {
  queued: ["na fila", "neutral"],
  running: ["em andamento", "busy"],
  done: ["feita", "good"],
  skipped: ["não se aplica", "neutral"],
  failed: ["falhou", "bad"],
};
