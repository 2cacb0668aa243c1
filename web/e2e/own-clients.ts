import { randomInt } from "node:crypto";
import type { APIRequestContext } from "@playwright/test";
import { sessionOf } from "./sessions.ts";

/** A client that this run alone knows; what other suites did to the demo's people is nothing to it. */
export interface OwnClient {
  document: string;
  name: string;
  /** As typed in the search box; also the beginning of the row's name. */
  code: string;
  /** E.164 */
  phone: string;
  contract: string;
  creditor: string;
  uf: string;
}

function checkDigit(digits: string): string {
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (digits.length + 1 - index), 0);
  return String(sum % 11 < 2 ? 0 : 11 - (sum % 11));
}

export function newCpf(): string {
  // Ten equal digits are no CPF, and none below 100 million is drawn.
  const nine = String(randomInt(123_456_789, 987_654_321));
  const ten = nine + checkDigit(nine);
  return ten + checkDigit(ten);
}

/** Four letters that name a run or a test: people's names hold no digits. */
export function newWord(): string {
  const letters = Array.from({ length: 4 }, () => String.fromCharCode(97 + randomInt(26))).join("");
  return letters.charAt(0).toUpperCase() + letters.slice(1);
}

const firstNames = ["Antônia", "Cauã", "Flávia", "Inês", "Jônatas", "Nair", "Sebastião", "Zuleica"];
const states = ["SP", "BA", "RJ", "MG", "RS"];

export function inventClients(count: number, creditor: string): OwnClient[] {
  const run = newWord();
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(3, "0");
    return {
      document: newCpf(),
      name: `${firstNames[index % firstNames.length] ?? ""} ${newWord()} ${run}`,
      code: `${run.toUpperCase()}-${number}`,
      phone: `+55119${randomInt(20_000_000, 99_999_999)}`,
      contract: `${run.toUpperCase()}CT${number}`,
      creditor,
      uf: states[index % states.length] ?? "SP",
    };
  });
}

/** Days late of everybody's title: inside the band 61–90 with any holiday between. */
const daysLate = 75;

/** Imports them as admin@demo.test through the function that programs use. */
export async function importClients(request: APIRequestContext, secret: string, clients: OwnClient[]): Promise<void> {
  const { apikey, access_token } = await sessionOf(request, "admin@demo.test", secret);
  const due = new Date(Date.now() - daysLate * 86_400_000).toISOString().slice(0, 10);
  const rows = clients.map(({ document, name, code, phone, contract, creditor, uf }, index) => ({
    cpf: document,
    nome: name,
    "codigo cliente": code,
    celular: phone,
    contrato: contract,
    credor: creditor,
    uf,
    vencimento: due,
    valor: `${600 + index},50`,
  }));
  const answer = await request.post("/functions/v1/portfolio-import", {
    headers: { apikey, Authorization: `Bearer ${access_token}` },
    data: rows,
    // Behind another import of the same tenant it waits for its turn.
    timeout: 60_000,
  });
  const summary = (await answer.json()) as { accepted?: number };
  if (summary.accepted !== clients.length) throw new Error(`import of own clients: ${JSON.stringify(summary)}`);
}
