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

/** 2 % fine, 1 % interest a month and 10 % fee from today on; the demo data may ship without. */
export async function chargeLateness(admin: Page): Promise<void> {
  const policy = { fine_percent: "2", interest_percent: "1", collection_fee_percent: "10" };
  await rpcAs(admin, "save_charge_policy", { policy });
}

/** The simulated Negociarie with boleto, Pix and card, as an admin connects it; once is enough for a stack. */
export async function connectPayments(admin: Page): Promise<void> {
  const account = { client_id: "demo-cobrancas", client_secret: "simulated-secret" };
  const { webhook_key } = await rpcAs<{ webhook_key: string | null }>(admin, "save_integration", {
    provider: "negociarie",
    settings: { client_id: account.client_id, methods: "boleto,pix,card" },
    secrets: { client_secret: account.client_secret },
  });
  if (!webhook_key) return;
  const callback = new URL(`/functions/v1/negociarie-callback?key=${webhook_key}`, admin.url());
  await admin.request.put(`/simulators/negociarie/_control/accounts/${account.client_id}`, {
    data: { client_secret: account.client_secret, callback_url: callback.href },
  });
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
