import { expect, test } from "vitest";
import { hoursWarning, type LawfulDay } from "./hours";

const law: LawfulDay[] = [
  { uf: null, weekday: 1, opens: "08:00:00", closes: "20:00:00" },
  { uf: null, weekday: 6, opens: "08:00:00", closes: "14:00:00" },
  { uf: "RJ", weekday: 1, opens: "09:00:00", closes: "19:00:00" },
];

test("a campaign within the narrowest state's hours is not warned of", () => {
  expect(hoursWarning({ start_time: "09:00", end_time: "19:00" }, law)).toBeNull();
  expect(hoursWarning({}, law)).toBeNull();
});

test("every state whose hours are exceeded is named with its hours", () => {
  expect(hoursWarning({ start_time: "9:00", end_time: "20:00" }, law)).toBe(
    "A campanha disca das 09:00 às 20:00, e a lei permite menos: RJ 09:00–19:00.",
  );
  expect(hoursWarning({ start_time: "07:30", end_time: "18:00" }, law)).toContain("demais estados 08:00–20:00");
});
