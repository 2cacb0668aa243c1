import { describe, expect, it } from "vitest";
import { returnPath } from "./return-path";

describe("the page to return to", () => {
  it("is the one that was asked for, with its filter", () => {
    expect(returnPath("?voltar=%2Fcarteira%3Fbusca%3Dana")).toBe("/carteira?busca=ana");
  });
  it.each(["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", ""])(
    "is never another site: %s",
    (asked) => {
      expect(returnPath(`?voltar=${encodeURIComponent(asked)}`)).toBe("/carteira");
    },
  );
  it("is not the sign-in page again", () => {
    expect(returnPath("?voltar=/login")).toBe("/carteira");
  });
});
