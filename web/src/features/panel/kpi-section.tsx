import type { ReactNode } from "react";
import { count } from "@/lib/format";
import { Panel } from "@/ui/panel";
import classes from "./panel.module.css";
import type { Card, Group, PanelFilter, Section } from "./shapes";
import { Trend } from "./trend";
import { figureText, sectionNames } from "./words";

interface KpiSectionProps {
  section: Section;
  cards: Card[];
  whole: Group | undefined;
  days: Group[];
  filter: PanelFilter;
  onOpen: (card: Card) => void;
}

export function KpiSection({ section, cards, whole, days, filter, onOpen }: KpiSectionProps): ReactNode {
  return (
    <Panel title={sectionNames[section]}>
      <ul className={classes.cards}>
        {cards
          .filter((card) => card.section === section)
          .map((card) => {
            const figure = whole?.kpis[card.code];
            return (
              <li key={card.code}>
                <button type="button" className={classes.card} title={card.sentence} onClick={() => onOpen(card)}>
                  <span className={classes.name}>{card.name}</span>
                  <strong className="num">{figureText(card.unit, figure)}</strong>
                  {card.unit === "percent" && figure?.denominator !== undefined && (
                    <span className={classes.faint}>
                      {card.numerator_as === "amount"
                        ? card.formula
                        : `${count(figure.numerator)} de ${count(figure.denominator)}`}
                    </span>
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
