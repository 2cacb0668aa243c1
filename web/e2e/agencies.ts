import { execFileSync } from "node:child_process";
import type { Browser, Page } from "@playwright/test";

const script = `
import os, sys, psycopg
with psycopg.connect(os.environ["E2E_DATABASE_URL"]) as owner:
    owner.execute(
        "with agency as (insert into public.tenants (name) values (%s) returning id)"
        " insert into public.invitations (tenant_id, email, role)"
        " select id, %s, 'admin' from agency",
        sys.argv[1:],
    )
`;

/** An agency with nothing in it, as docs/operations.md has its owner make one: a tenant, and the invitation of its first admin. */
export function newAgency(name: string, email: string): void {
  execFileSync("python", ["-c", script, name, email]);
}

export const password = "segredo-bom-9";

/** Who was invited by mail opens its link, gives a name and a password, and is in. */
export async function acceptInvitation(browser: Browser, email: string, name: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const mails = await (await page.request.get(`/simulators/mail/messages?to=${email}`)).json();
  const [mail] = mails as { html: string }[];
  const link = new URL(/href="([^"]+)"/.exec(mail?.html ?? "")?.[1] ?? "");
  await page.goto(link.pathname + link.search);
  await page.getByLabel("Seu nome").fill(name);
  await page.getByLabel("Senha", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Aceitar e entrar" }).click();
  return page;
}
