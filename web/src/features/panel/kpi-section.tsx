import type { ReactNode } from "react";
import { count } from "@/lib/format";
import { Panel } from "@/ui/panel";
import classes from "./panel.module.css";
import type { Card, Figure, Group, PanelFilter, Section } from "./shapes";
import { Trend } from "./trend";
import { figureText, sectionNames } from "./words";

interface KpiSectionProps {
  section: Section;
  cards: Card[];
  whole: Group;
  /** The same days before; nothing while they are fetched. */
  before: Group | undefined;
  days: Group[];
  filter: PanelFilter;
  onOpen: (card: Card) => void;
}

export function KpiSection({ section, cards, whole, before, days, filter, onOpen }: KpiSectionProps): ReactNode {
  return (
    <Panel title={sectionNames[section]}>
      <ul className={classes.cards}>
        {cards
          .filter((card) => card.section === section)
          .map((card) => {
            const figure = whole.kpis[card.code];
            const was = before?.kpis[card.code];
            return (
              <li key={card.code}>
                <button
                  type="button"
                  className={classes.card}
                  // What the law forbids is good news at zero alone.
                  data-alarm={(section === "law" && (figure?.value ?? 0) > 0) || undefined}
                  title={card.sentence}
                  onClick={() => onOpen(card)}
                >
                  <span className={classes.name}>{card.name}</span>
                  <strong className="num">{figureText(card.unit, figure)}</strong>
                  <Share card={card} figure={figure} />
                  {was?.value !== undefined && (
                    <span className={classes.faint}>antes: {figureText(card.unit, was)}</span>
                  )}
                  <Trend card={card} days={days} filter={filter} />
                </button>
              </li>
            );
          })}
      </ul>
    </Panel>
  );
}

/** What a percentage is of. */
function Share({ card, figure }: { card: Card; figure: Figure | undefined }): ReactNode {
  if (card.unit !== "percent" || figure?.numerator === undefined || figure.denominator === undefined) return null;
  return (
    <span className={classes.faint}>
      {card.numerator_as === "amount" ? card.formula : `${count(figure.numerator)} de ${count(figure.denominator)}`}
    </span>
  );
}
