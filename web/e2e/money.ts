import type { APIRequestContext, Page } from "@playwright/test";

/** An RPC in the name of whoever is signed in on the page; a refusal is its code. */
export async function rpcAs<Answer>(page: Page, name: string, args: object): Promise<Answer> {
  return page.evaluate(
    async ([rpc, body]) => {
      const session = JSON.parse(localStorage.getItem("cobranca.session") ?? "{}") as { access_token: string };
      const apikey = document.querySelector<HTMLMetaElement>('meta[name="supabase-publishable-key"]')?.content ?? "";
      const response = await fetch(`/rest/v1/rpc/${rpc}`, {
        method: "POST",
        headers: { apikey, Authorization: `Bearer ${session.access_token}`, "Content-Type": "application/json" },
        body,
      });
      const text = await response.text();
      return text === "" ? null : (JSON.parse(text) as unknown);
    },
    [name, JSON.stringify(args)] as const,
  ) as Promise<Answer>;
}

interface SimulatedCharge {
  id_parcela: string;
  state: string;
  body: unknown;
}

/** What the debtor does on the bank's side with the newest charge of this document. */
export async function payAtBank(request: APIRequestContext, document: string): Promise<void> {
  const answer = await request.get("/simulators/negociarie/_control/charges");
  const charges = (await answer.json()) as SimulatedCharge[];
  const mine = charges.filter(({ state, body }) => state === "open" && JSON.stringify(body).includes(document));
  const charge = mine.at(-1);
  if (!charge) throw new Error(`no open charge of ${document} at the simulator`);
  await request.post("/simulators/negociarie/_control/pay", { data: { id_parcela: charge.id_parcela } });
}
