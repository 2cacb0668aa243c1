import { expect, it } from "vitest";
import { fatesOf } from "./words";

it("counts one as one, and does not tell of nobody", () => {
  expect(fatesOf({ loaded: 1, planned: 3, filtered: 1, removed: 1 })).toBe(
    "1 telefone carregado de 3, 1 recusado pelo discador, 1 retirado depois",
  );
  expect(fatesOf({ loaded: 2_000, planned: 2_000, filtered: 0, removed: 2 })).toBe(
    "2.000 telefones carregados de 2.000, 2 retirados depois",
  );
});
