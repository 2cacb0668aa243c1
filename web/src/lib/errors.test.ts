import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { AppError, errorFromResponse, sentenceFor } from "./errors";
import { learnRemaining, sentences } from "./sentences";

const register = readFileSync(new URL("../../../docs/error_codes.md", import.meta.url), "utf8");
const rows = [...register.matchAll(/^\| `([a-z_]+)` \|.*\|\s*([^|]+?)\s*\|$/gm)].map(([, code = "", reader = ""]) => ({
  code,
  reader,
}));

describe("the page's sentences", () => {
  beforeAll(learnRemaining);

  it("cover every code of the register that a person can meet", () => {
    expect(rows.length).toBeGreaterThan(10);
    const missing = rows.filter(({ code, reader }) => !reader.startsWith("never shown") && !(code in sentences));
    expect(missing).toEqual([]);
  });

  it("are whole sentences that do not repeat the machine's word", () => {
    for (const [code, sentence] of Object.entries(sentences)) {
      expect(sentence, code).toMatch(/^[A-ZÀ-Ú].+[.]$/);
      expect(sentence, code).not.toContain("_");
    }
  });

  it("never show what a stranger wrote", () => {
    const told = sentenceFor(new AppError("some_new_code", 400, "relation clients, document 52998224725"));
    expect(told).toMatch(/^Algo não saiu como esperado/);
  });
});

describe("a refusal", () => {
  it("of ours carries its word as the code", () => {
    const error = AppError.fromPostgrest(400, { code: "PT400", message: "callback_in_past", details: "" });
    expect(error).toMatchObject({ code: "callback_in_past", status: 400, isTransient: false });
  });

  it.each([
    [403, "42501", "not_allowed"],
    [409, "23503", "client_not_found"],
    [401, "PGRST301", "session_expired"],
    [400, "22P02", "unexpected_answer"],
  ])("of the platform becomes a word of ours: %i %s", (status, code, word) => {
    expect(AppError.fromPostgrest(status, { code, message: "…" }).code).toBe(word);
  });

  it.each([0, 401, 408, 429, 500, 503])(
    "with status %i says nothing about the request: it is tried again",
    (status) => {
      expect(AppError.fromPostgrest(status, { message: "…" }).isTransient).toBe(true);
    },
  );

  it("without a code is a database that went away, not a refusal", () => {
    const error = AppError.fromPostgrest(400, { code: "", message: "" });
    expect(error).toMatchObject({ code: "server_error", isTransient: true });
  });

  it.each([400, 403, 404, 409, 422])("with status %i is final", (status) => {
    expect(AppError.fromPostgrest(status, { message: "…" }).isTransient).toBe(false);
  });

  it("of a function is read from its body, and a page of a proxy does not break it", async () => {
    const ours = new Response(JSON.stringify({ error: "file_empty", detail: "" }), { status: 400 });
    expect((await errorFromResponse(ours)).code).toBe("file_empty");
    const foreign = new Response("<html>Bad gateway</html>", { status: 502 });
    expect((await errorFromResponse(foreign)).code).toBe("server_error");
  });
});
