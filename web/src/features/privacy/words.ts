import { day } from "@/lib/format";
import type { Verdict } from "./queries";

const areas: Record<Verdict["area"], string> = {
  raw: "Cópias e dados adicionais: linhas de importação, avisos de provedores, rascunhos, diários de mudança",
  person: "Nome, documento, telefones, e-mail, endereços, conversas, ligações e anexos",
  ledger: "Títulos, acordos, parcelas e pagamentos",
  suppression: "Bloqueio de contato, guardado só como código",
};

const decisions: Record<Verdict["decision"], string> = {
  erased: "apagado",
  kept: "fica",
  anonymised: "fica sem o nome",
};

const bases: Record<string, string> = {
  credit_protection: "proteção do crédito (LGPD, art. 7º, X): ainda há o que cobrar",
  legal_duty: "guarda de registros (LGPD, art. 16, I)",
  right_to_object: "para não contatar de novo quem pediu (LGPD, art. 18, § 2º)",
};

export function areaText({ area }: Verdict): string {
  return areas[area];
}

export function decisionText({ decision, basis, until }: Verdict): string {
  const why = basis ? `: ${bases[basis] ?? basis}` : "";
  return `${decisions[decision]}${why}${until ? `, até ${day(until)}` : ""}`;
}
