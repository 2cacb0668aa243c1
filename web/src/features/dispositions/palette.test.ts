import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { colors } from "./words";

/** WCAG 2.2, 1.4.3: text of normal size. */
const readable = 4.5;
/** `.digit` of the operator's button: its own ink, thinly, over the surface. */
const tint = 0.13;

type Rgb = [number, number, number];

const css = readFileSync(new URL("../../ui/global.css", import.meta.url), "utf8");

function values(block: string): Map<string, Rgb> {
  const found = block.matchAll(/--([a-z-]+): #([0-9a-f]{6});/g);
  return new Map(
    [...found].map(([, name = "", hex = ""]) => [
      name,
      [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb,
    ]),
  );
}

const [light = "", dark = ""] = [/:root \{([^}]*)\}/, /:root\[data-mantine[^{]*\{([^}]*)\}/].map(
  (block) => block.exec(css)?.[1],
);

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: Rgb, two: Rgb): number {
  const [lower = 0, higher = 0] = [luminance(one), luminance(two)].sort((a, b) => a - b);
  return (higher + 0.05) / (lower + 0.05);
}

describe.each([
  ["light", values(light)],
  ["dark", values(dark)],
])("every colour of the palette can be read, %s", (_mode, known) => {
  it.each(colors.map(({ value }) => value))("%s", (color) => {
    const ink = known.get(`ink-${color}`);
    const surface = known.get("surface");
    if (!ink || !surface) throw new Error(`no ink-${color}`);
    const tinted = surface.map((part, at) => part + ((ink[at] ?? 0) - part) * tint) as Rgb;
    expect(contrast(ink, surface)).toBeGreaterThanOrEqual(readable);
    expect(contrast(ink, tinted)).toBeGreaterThanOrEqual(readable);
  });
});
