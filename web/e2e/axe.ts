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
}

export async function expectClean(page: Page, { except = [], within }: Scope = {}): Promise<void> {
  await atRest(page);
  const builder = new AxeBuilder({ page }).withTags(rules).disableRules(except);
  const { violations } = await (within ? builder.include(within) : builder).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)).toEqual([]);
}
