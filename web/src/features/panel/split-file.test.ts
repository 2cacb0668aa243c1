import { expect, test } from "vitest";
import type { Card } from "./shapes";
import { splitFile } from "./split-file";

const card = (code: string, name: string, unit: Card["unit"]): Card => ({
  code,
  name,
  unit,
  section: "money",
  sentence: "",
  formula: "",
  date_basis: "",
  numerator: "payment",
  numerator_as: "events",
  denominator: null,
  denominator_as: null,
});

test("a table's file has a line a group, commas in its numbers, nothing where nothing is known, and no formulas", () => {
  const cards = [
    card("received", "Recebido", "cents"),
    card("rate", "Alô", "percent"),
    card("cost", "Custo", "micros"),
  ];
  const kpis = { received: { numerator: 123456, value: 123456 }, rate: {}, cost: { numerator: 3400, value: 3400 } };
  expect(splitFile("Operador", cards, [{ key: "a", label: "=Ana", kpis }], (group) => group.label ?? "")).toBe(
    '"Operador";"Recebido";"Alô (%)";"Custo"\r\n"\'=Ana";"1234,56";"";"0,003400"\r\n',
  );
});
