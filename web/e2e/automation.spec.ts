import { expect, openService, test, timeline } from "./people.ts";

test("a failed run tells the operator why, and a supervisor runs it again", async ({ windowOf, request, baseURL }) => {
  const refusal = { do: "answer", status: 400, body: { status: "error", message: "Template Not Found" }, times: 1 };
  await request.post(`${baseURL}/simulators/gupshup/_control/misbehave`, { data: refusal });
  const operator = await windowOf("operador@demo.test");
  await openService(operator, "EXT-00021");
  const name = await operator.getByRole("heading", { level: 1 }).innerText();
  await operator.keyboard.press("1");
  await expect(timeline(operator).getByText("falhou").first()).toBeVisible();
  await expect(operator.getByRole("alert").filter({ hasText: "Uma automação falhou" })).toBeVisible();
  await operator.getByRole("button", { name: "Notificações, 1 não lidas" }).click();
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
  await supervisor.goto("/carteira?busca=EXT-00021");
  await supervisor.getByRole("link", { name: /^Atender/ }).click();
  await expect(timeline(supervisor).locator('[data-status="read"]')).toBeVisible({ timeout: 25_000 });
});
