import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import type { AxeResults, RunOptions } from "axe-core";
import { expect } from "./people.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What is fading in has the contrast of a shadow: axe looks once everything that moves and ends has come to rest. */
async function atRest(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every(({ playState, effect }) => playState !== "running" || effect?.getTiming().iterations === Infinity),
  );
}

interface Scope {
  /** Rules that a screen breaks for a reason told there. */
  except?: string[];
  /** A selector; the whole page otherwise. */
  within?: string;
  /** One rule instead of all. */
  only?: string;
}

/** Only what is wrong is told, and by its markup: the path to each element that is right took longer than looking at it. */
async function violationsOf(page: Page, { except = [], within, only }: Scope): Promise<string[]> {
  await page.evaluate(`"axe" in window || (() => { ${axe} })()`);
  const options: RunOptions = {
    runOnly: only ? { type: "rule", values: [only] } : { type: "tag", values: rules },
    rules: Object.fromEntries(except.map((rule) => [rule, { enabled: false }])),
    resultTypes: ["violations"],
    selectors: false,
    iframes: false, // the page has none
  };
  return page.evaluate(
    async ([selector, asked]) => {
      type Run = (selector: string, options: RunOptions) => Promise<AxeResults>;
      const { violations } = await (window as unknown as { axe: { run: Run } }).axe.run(selector, asked);
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
    },
    [within ?? "html", options] as const,
  );
}

export async function expectClean(page: Page, scope: Scope = {}): Promise<void> {
  await atRest(page);
  expect(await violationsOf(page, scope)).toEqual([]);
}

const proving = process.env.PROVE === "1";

/** Of a spec that looks at both schemes: by daylight in every run, in the dark, too, among the proofs. */
export const bothSchemes = { tag: proving ? "@proof" : "@light" };

/** In the dark, too, when proofs are asked for: what a colour scheme changes is contrast, so the dark is asked nothing else. */
export async function expectCleanInBoth(page: Page, scope: Scope = {}): Promise<void> {
  await expectClean(page, scope);
  if (!proving) return;
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  await expectClean(page, { ...scope, only: "color-contrast" });
  await page.emulateMedia({ colorScheme: "light" });
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "light");
}
