import { csvLines } from "@/lib/csv";
import { centsText } from "@/lib/typed";
import type { Card, Figure, Group, Unit } from "./shapes";

/** A number as a Brazilian spreadsheet reads it; empty where there is none. */
function numberText(unit: Unit, figure: Figure | undefined): string {
  if (figure?.value === undefined) return "";
  if (unit === "cents" || unit === "cents_per_hour") return centsText(figure.value);
  // As a spreadsheet adds it up: hours.
  if (unit === "hours") return (figure.value / 3_600).toFixed(2).replace(".", ",");
  if (unit === "micros") return (figure.value / 1_000_000).toFixed(6).replace(".", ",");
  return String(figure.value).replace(".", ",");
}

/** One line a group, all numbers of the catalogue, without thousands' dots. */
export function splitFile(heading: string, cards: Card[], groups: Group[], name: (group: Group) => string): string {
  return csvLines([
    [heading, ...cards.map(({ name: title, unit }) => (unit === "percent" ? `${title} (%)` : title))],
    ...groups.map((group) => [name(group), ...cards.map(({ code, unit }) => numberText(unit, group.kpis[code]))]),
  ]);
}
