import { expect, test } from "vitest";
import { goodSession } from "./stored-session";

const nowMs = 1_800_000_000_000;
const session = (seconds: number): string =>
  JSON.stringify({ access_token: "t", expires_at: nowMs / 1000 + seconds, user: { id: "u" } });

test("a token that lives for longer than the margin serves the first requests", () => {
  expect(goodSession(session(121), nowMs)?.user.id).toBe("u");
});

test.each([
  ["nothing", null],
  ["a token about to expire", session(120)],
  ["an expired token", session(-1)],
  ["no JSON", "{"],
  ["null", "null"],
  ["a session without a person", JSON.stringify({ access_token: "t", expires_at: nowMs })],
])("%s serves none", (_, stored) => expect(goodSession(stored, nowMs)).toBeNull());
