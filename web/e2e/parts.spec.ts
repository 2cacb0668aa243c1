import { expect, openService, test } from "./people.ts";

// Each further try has a question of its own behind the name.
const dialogCode = /\/assets\/statement-dialog-[^/]*\.js/;

test("a part that a blink of the network kept away comes all the same", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  let lost = 0;
  await page.route(dialogCode, (route) => {
    lost += 1;
    return lost === 1 ? route.abort() : route.continue();
  });
  await openService(page, ownClient);
  await page
    .getByRole("button", { name: /memória de cálculo$/ })
    .first()
    .click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(lost).toBe(2);
});

test("a part that a new release took away is said to be missing, and the page never goes blank", {
  tag: "@proof",
}, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await page.route(dialogCode, (route) => route.fulfill({ status: 404, body: "" }));
  await openService(page, ownClient);
  await page
    .getByRole("button", { name: /memória de cálculo$/ })
    .first()
    .click();
  await expect(page.getByRole("alert")).toContainText("Esta parte da tela não chegou");
  await expect(page.getByRole("link", { name: "Carteira" })).toBeVisible();
  await page.unroute(dialogCode);
  await page.getByRole("button", { name: "Tentar de novo" }).click();
  await page
    .getByRole("button", { name: /memória de cálculo$/ })
    .first()
    .click();
  await expect(page.getByRole("dialog")).toBeVisible();
});
