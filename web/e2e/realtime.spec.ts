import type { WebSocketRoute } from "@playwright/test";
import { clientIdOf, expect, openService, test, timeline } from "./people.ts";

test("a dropped connection is announced, comes back and catches up", async ({ windowOf, ownClient }) => {
  const watcher = await windowOf("operador2@demo.test");
  let reachable = true;
  const sockets: WebSocketRoute[] = [];
  await watcher.routeWebSocket(/realtime\/v1/, (socket) => {
    if (!reachable) return void socket.close({ code: 1012 });
    socket.connectToServer();
    sockets.push(socket);
  });
  // The connection that the window came with was not ours to close.
  await watcher.reload();
  await openService(watcher, ownClient);
  const mine = await windowOf("operador@demo.test", { at: watcher.url() });
  await expect(mine.getByRole("button", { name: "Caixa Postal" })).toBeVisible();
  await mine.keyboard.press("2");
  await expect(timeline(watcher).getByText("Ligação Interrompida", { exact: true })).toBeVisible();

  reachable = false;
  for (const socket of sockets) await socket.close({ code: 1012 });
  await expect(watcher.getByText(/Sem conexão ao vivo/)).toBeVisible();
  await mine.keyboard.press("5");
  await expect(timeline(mine).getByText("Negociar", { exact: true })).toBeVisible();
  await expect(timeline(watcher).getByText("Negociar", { exact: true })).toHaveCount(0);

  reachable = true;
  await expect(watcher.getByText("Conexão de volta. Tudo atualizado.")).toBeVisible();
  await expect(timeline(watcher).getByText("Negociar", { exact: true })).toBeVisible();
});

test("a channel that the server closes, as it does when a token runs out, is joined anew", async ({
  windowOf,
  ownClient,
}) => {
  const watcher = await windowOf("operador2@demo.test");
  let socket: WebSocketRoute | undefined;
  const joins: string[] = [];
  await watcher.routeWebSocket(/realtime\/v1/, (route) => {
    socket = route;
    const server = route.connectToServer();
    route.onMessage((message) => {
      const [, , topic, event] = JSON.parse(String(message)) as [string, string, string, string];
      if (event === "phx_join") joins.push(topic);
      server.send(message);
    });
  });
  await watcher.reload();
  await openService(watcher, ownClient);
  const topic = `realtime:client:${clientIdOf(watcher)}`;
  await expect.poll(() => joins.filter((joined) => joined === topic)).toHaveLength(1);
  socket?.send(JSON.stringify([null, null, topic, "phx_close", {}]));
  await expect.poll(() => joins.filter((joined) => joined === topic)).toHaveLength(2);

  const mine = await windowOf("operador@demo.test", { at: watcher.url() });
  await mine.getByRole("button", { name: "Negociar" }).click();
  await expect(timeline(watcher).getByText("Negociar", { exact: true })).toBeVisible();
});
