import { expect, test } from "vitest";
import { doorOf } from "./door-of";

const shown = ["/acordos", "/acordos/pagamentos", "/carteira"].map((href) => ({ href }));

test.each([
  ["/acordos", "/acordos"],
  ["/acordos/1f0a", "/acordos"],
  ["/acordos/pagamentos", "/acordos/pagamentos"],
  ["/carteira/12345678909", "/carteira"],
])("%s lies behind %s", (path, href) => expect(doorOf(path, shown)?.href).toBe(href));

test("a path that only begins like a door lies behind none", () => {
  expect(doorOf("/carteiras", shown)).toBeUndefined();
});
