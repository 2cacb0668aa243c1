import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect } from "./people.ts";

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

export async function expectClean(page: Page, { except = [], within, only }: Scope = {}): Promise<void> {
  await atRest(page);
  const asked = only ? new AxeBuilder({ page }).withRules(only) : new AxeBuilder({ page }).withTags(rules);
  const builder = asked.disableRules(except);
  const { violations } = await (within ? builder.include(within) : builder).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)).toEqual([]);
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
