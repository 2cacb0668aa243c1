import type { ReactNode } from "react";
import { day } from "@/lib/format";
import classes from "./panel.module.css";
import type { Card, Group } from "./shapes";
import { figureText } from "./words";

/** Units of the drawing; the picture stretches to its place. */
const height = 32;
const step = 6;

/** One bar a day, the tallest as high as the picture. What it shows is in the table of days, too. */
export function Trend({ card, days }: { card: Card; days: Group[] }): ReactNode {
  const tallest = Math.max(...days.map(({ kpis }) => kpis[card.code]?.value ?? 0));
  if (days.length < 2 || tallest <= 0) return null;
  return (
    <svg
      className={classes.trend}
      viewBox={`0 0 ${days.length * step} ${height}`}
      preserveAspectRatio="none"
      aria-hidden
    >
      {days.map(({ key, kpis }, place) => {
        const drawn = ((kpis[card.code]?.value ?? 0) / tallest) * height;
        return (
          <rect key={key} x={place * step} y={height - drawn} width={step - 1} height={drawn}>
            <title>{`${day(key)}: ${figureText(card.unit, kpis[card.code])}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
