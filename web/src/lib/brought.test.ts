import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { brought } from "./brought";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const lostTimes = (times: number): (() => Promise<string>) => {
  let lost = 0;
  return () => {
    lost += 1;
    return lost <= times ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve("code");
  };
};

test("code that the network lost three times is brought at the fourth", async () => {
  const answer = brought(lostTimes(3));
  await vi.runAllTimersAsync();
  await expect(answer).resolves.toBe("code");
});

test("code that somebody waits for and never comes is said to be missing", async () => {
  const answer = expect(brought(lostTimes(4))).rejects.toMatchObject({ code: "part_not_loaded" });
  await vi.runAllTimersAsync();
  await answer;
});

test("code that nobody waits for is never given up", async () => {
  const answer = brought(lostTimes(1_000), false);
  await vi.runAllTimersAsync();
  await expect(answer).resolves.toBe("code");
});
