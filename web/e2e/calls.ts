import type { APIRequestContext, Page } from "@playwright/test";

export const host = "demo.3c.plus";
/** The agent of operador2@demo.test. */
export const agent = 78;

/** The simulated dialer connects a call; the connection's id. */
export async function connect(request: APIRequestContext, who: object): Promise<string> {
  const answer = await request.post("/simulators/threecplus/_control/call", {
    data: { host, agent_id: agent, ...who },
  });
  return ((await answer.json()) as { telephony_id: string }).telephony_id;
}

export async function hangUp(request: APIRequestContext, telephonyId: string, more: object = {}): Promise<void> {
  await request.post("/simulators/threecplus/_control/hangup", { data: { telephony_id: telephonyId, ...more } });
}

/** The newest call at the simulated dialer. */
export async function newestCall(
  request: APIRequestContext,
): Promise<{ telephony_id: string; qualification: { id: number } | null }> {
  const answer = await request.get(`/simulators/threecplus/_control/state?host=${host}`);
  const { companies } = (await answer.json()) as { companies: [{ calls: Awaited<ReturnType<typeof newestCall>>[] }] };
  const call = companies[0].calls.at(-1);
  if (!call) throw new Error("no call was made");
  return call;
}

export async function phoneOf(page: Page): Promise<string> {
  const shown = await page.getByRole("region", { name: "Telefones" }).innerText();
  return (/\(\d\d\) ?[\d-]+/.exec(shown)?.[0] ?? "").replaceAll(/\D/g, "");
}
