import { expect, openService, test, timeline } from "./people.ts";

test("a failed run tells the operator why, and a supervisor runs it again", async ({
  windowOf,
  request,
  ownClient,
}) => {
  const body = { status: "error", message: "Template Not Found" };
  const phone = ownClient.phone.slice(1);
  await request.post("/simulators/gupshup/_control/misbehave", { data: { do: "answer", status: 400, body, phone } });
  const operator = await windowOf("operador@demo.test");
  await openService(operator, ownClient);
  const name = await operator.getByRole("heading", { level: 1 }).innerText();
  await operator.keyboard.press("1");
  await expect(timeline(operator).getByText("falhou").first()).toBeVisible();
  await expect(operator.getByRole("alert").filter({ hasText: "Uma automação falhou" })).toBeVisible();
  await operator.getByRole("button", { name: /^Notificações, \d+ não lidas/ }).click();
  await operator.getByRole("button", { name: "Marcar como lidas" }).click();
  await expect(operator.getByRole("button", { name: "Notificações", exact: true })).toBeVisible();
  await operator.goto("/automacao?situacao=falhou");
  const seenByOperator = operator.getByRole("row", { name });
  await expect(seenByOperator).toBeVisible();
  await expect(seenByOperator.getByRole("button", { name: "Reprocessar" })).toHaveCount(0);

  const supervisor = await windowOf("supervisor@demo.test");
  await supervisor.goto("/automacao?situacao=falhou");
  await supervisor.getByRole("row", { name }).getByRole("button", { name: "Reprocessar" }).click();
  await expect(supervisor.getByRole("row", { name })).toHaveCount(0);
  await openService(supervisor, ownClient);
  await expect(timeline(supervisor).locator('[data-status="read"]')).toBeVisible();
});
