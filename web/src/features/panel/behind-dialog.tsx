import { Modal, SegmentedControl } from "@mantine/core";
import "@mantine/core/styles/SegmentedControl.css";
import { type ReactNode, useState } from "react";
import { day } from "@/lib/format";
import "@/ui/dialog-styles";
import { BehindRows } from "./behind-rows";
import { useOpener } from "./opener";
import classes from "./panel.module.css";
import type { Card, Figure, PanelFilter, Part } from "./shapes";
import { figureText, worthOf } from "./words";

interface BehindDialogProps {
  card: Card;
  figure: Figure | undefined;
  filter: PanelFilter;
  onClose: () => void;
}

/** What a number means and the rows it is counted from. */
export function BehindDialog({ card, figure, filter, onClose }: BehindDialogProps): ReactNode {
  useOpener();
  const parts = partsOf(card);
  const [part, setPart] = useState<Part>("numerator");
  const countedAs = part === "numerator" ? card.numerator_as : card.denominator_as;
  return (
    <Modal
      opened
      size="xl"
      onClose={onClose}
      title={`${card.name}: ${figureText(card.unit, figure)}`}
      transitionProps={{ duration: 0 }}
    >
      <div className={classes.behind}>
        <p>{card.sentence}</p>
        <p className={classes.faint}>
          {card.formula} · data: {card.date_basis} · {day(filter.from)} a {day(filter.to)}
        </p>
        {parts.length > 1 && (
          <SegmentedControl
            aria-label="Parte da conta"
            value={part}
            onChange={(value) => setPart(value === "denominator" ? "denominator" : "numerator")}
            data={parts}
          />
        )}
        {countedAs === "clients" && (
          <p className={classes.faint}>Cada cliente conta uma vez, por mais linhas que tenha.</p>
        )}
        <BehindRows
          key={part}
          of={{ kpi: card.code, part }}
          filter={filter}
          worth={countedAs === "amount" ? worthOf(partMeasure(card, part)) : null}
          fileName={`${card.name} ${filter.from} a ${filter.to}`}
        />
      </div>
    </Modal>
  );
}

const partMeasure = (card: Card, part: Part): string =>
  (part === "numerator" ? card.numerator : card.denominator) ?? "";

/** The parts of the sum, by the words of its formula. */
function partsOf(card: Card): { value: Part; label: string }[] {
  const [above = "", below = ""] = card.formula.split(" ÷ ");
  return [
    { value: "numerator" as const, label: above },
    { value: "denominator" as const, label: below },
  ].filter(({ value }) => partMeasure(card, value) !== "");
}
