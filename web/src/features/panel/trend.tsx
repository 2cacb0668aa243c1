import type { ReactNode } from "react";
import { day, daysBetween } from "@/lib/format";
import classes from "./panel.module.css";
import type { Card, Group, PanelFilter } from "./shapes";
import { figureText } from "./words";

/** Units of the drawing; the picture stretches to its place. */
const height = 32;
const step = 6;

/** One bar a day, the tallest as high as the picture. What it shows is in the table of days, too. */
export function Trend({ card, days, filter }: { card: Card; days: Group[]; filter: PanelFilter }): ReactNode {
  const tallest = Math.max(...days.map(({ kpis }) => kpis[card.code]?.value ?? 0));
  if (days.length < 2 || tallest <= 0) return null;
  return (
    <svg
      className={classes.trend}
      viewBox={`0 0 ${(daysBetween(filter.from, filter.to) + 1) * step} ${height}`}
      preserveAspectRatio="none"
      aria-hidden
    >
      {days.map(({ key, kpis }) => {
        const drawn = ((kpis[card.code]?.value ?? 0) / tallest) * height;
        return (
          <rect key={key} x={daysBetween(filter.from, key) * step} y={height - drawn} width={step - 1} height={drawn}>
            <title>{`${day(key)}: ${figureText(card.unit, kpis[card.code])}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
