import { describe, expect, it } from "vitest";
import { mayUndo } from "./shapes";

describe("an import can be taken back", () => {
  it("when it is done, also when taking it back stopped halfway", () => {
    expect(mayUndo({ status: "done", error_code: null })).toBe(true);
    expect(mayUndo({ status: "done", error_code: "rollback_stopped" })).toBe(true);
  });
  it("when it was cancelled or failed, and its rows could not all go back", () => {
    expect(mayUndo({ status: "cancelled", error_code: "rollback_stopped" })).toBe(true);
    expect(mayUndo({ status: "failed", error_code: "rollback_stopped" })).toBe(true);
  });
  it("never twice, never while it runs, never when nothing of it is there", () => {
    expect(mayUndo({ status: "rolled_back", error_code: null })).toBe(false);
    expect(mayUndo({ status: "rolling_back", error_code: null })).toBe(false);
    expect(mayUndo({ status: "cancelled", error_code: "import_cancelled" })).toBe(false);
    expect(mayUndo({ status: "failed", error_code: "internal" })).toBe(false);
  });
});
