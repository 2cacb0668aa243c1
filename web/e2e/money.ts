import type { Page } from "@playwright/test";

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
      return (await response.json()) as unknown;
    },
    [name, JSON.stringify(args)] as const,
  ) as Promise<Answer>;
}

/** 2 % fine, 1 % interest a month and 10 % fee from today on; the demo data may ship without. */
export async function chargeLateness(admin: Page): Promise<void> {
  const policy = { fine_percent: "2", interest_percent: "1", collection_fee_percent: "10" };
  await rpcAs(admin, "save_charge_policy", { policy });
}
