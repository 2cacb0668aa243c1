import { expect, it } from "vitest";
import { differing } from "./differing";

it("only the fields that were touched are sent, an emptied one too", () => {
  const opened = { name: "Ana Souza", email: "ana@example.com", uf: "SP" };
  expect(differing(opened, { ...opened, name: "Ana Lima", uf: "" })).toEqual({ name: "Ana Lima", uf: "" });
});

it("nothing is sent when everything is again as it was", () => {
  const opened = { name: "Ana Souza", email: "" };
  expect(differing(opened, { ...opened })).toEqual({});
});
