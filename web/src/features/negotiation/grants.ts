import type { Component } from "@/lib/money-shapes";
import type { Role } from "@/lib/session";
import { percentOf } from "@/lib/typed";
import type { RoleLimits } from "./queries";

export interface Grant {
  tone: "good" | "warn" | "bad";
  words: string;
}

const order: Role[] = ["operator", "supervisor", "admin"];

const names: Record<Role, string> = { operator: "operador", supervisor: "supervisor", admin: "administrador" };

/** Who may grant this discount, by the roles' limits; null while the field holds no number. What the offer as a whole needs
 * is the simulation's word: a ready template may give what the person alone may not. */
export function grantOf(
  limits: Map<Role, RoleLimits> | undefined,
  own: Role,
  component: Component,
  text: string,
): Grant | null {
  const typed = percentOf(text || "0");
  const mine = limits?.get(own);
  if (typed === null || !limits || !mine) return null;
  const key = `${component}_percent` as const;
  if (typed <= mine[key]) return { tone: "good", words: `seu limite: ${shown(mine[key])}` };
  const above = order.slice(order.indexOf(own) + 1).find((role) => typed <= (limits.get(role)?.[key] ?? -1));
  return above
    ? { tone: "warn", words: `pede ${names[above]}: seu limite é ${shown(mine[key])}` }
    : { tone: "bad", words: "ninguém pode conceder" };
}

function shown(value: number): string {
  return `${String(value).replace(".", ",")}%`;
}
