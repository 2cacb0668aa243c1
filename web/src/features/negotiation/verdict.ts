import { roleNames } from "@/lib/session";
import type { Simulation } from "./queries";

/** What stands between this offer and an agreement, in a few words. */
export function verdictText({ obstacles, approval_reasons, approval_role }: Simulation): string {
  if (obstacles.length > 0) return "Não pode ser proposta";
  if (approval_reasons.length === 0) return "Você pode fechar agora";
  return approval_role ? `Precisa da aprovação de: ${roleNames[approval_role]}` : "Ninguém pode aprovar esta proposta";
}

/** The same in a word or two, for beside the button. */
export function verdictWord({ obstacles, approval_reasons, approval_role }: Simulation): string {
  if (obstacles.length > 0) return "impedida";
  if (approval_reasons.length === 0) return "dentro da sua alçada";
  return approval_role ? `pede ${roleNames[approval_role].toLowerCase()}` : "acima de todos";
}

export function verdictTone(simulation: Simulation): "good" | "warn" | "bad" {
  if (simulation.is_allowed) return "good";
  return mayPropose(simulation) ? "warn" : "bad";
}

export function mayPropose({ is_allowed, approval_role, obstacles }: Simulation): boolean {
  return is_allowed || (approval_role !== null && obstacles.length === 0);
}
