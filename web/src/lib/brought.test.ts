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

test("a module that the browser gave up for good is asked for by an address of its own", async () => {
  const asked: string[] = [];
  const given = (): Promise<string> => Promise.reject(new TypeError("Failed to fetch: http://a.test/assets/x-1.js"));
  const answer = brought(given, true, (address) => {
    asked.push(address);
    return asked.length === 2 ? Promise.resolve("code") : Promise.reject(new TypeError("Failed to fetch"));
  });
  await vi.runAllTimersAsync();
  await expect(answer).resolves.toBe("code");
  expect(asked).toEqual(["http://a.test/assets/x-1.js?again=1", "http://a.test/assets/x-1.js?again=2"]);
});
