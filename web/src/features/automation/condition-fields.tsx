import { Button } from "@mantine/core";
import { type ComponentType, type ReactNode, useState } from "react";
import type { PortfolioFilter } from "@/lib/client-filter";
import { filterPhrases } from "@/lib/filter-phrases";
import type { Names } from "@/lib/rule-names";
import { Tag } from "@/ui/tag";
import classes from "./editor.module.css";

interface ConditionFieldsProps {
  filter: PortfolioFilter;
  names: Names | undefined;
  Conditions: ComponentType<{
    filter: PortfolioFilter;
    onSave: (filter: PortfolioFilter) => void;
    onClose: () => void;
  }>;
  onChange: (filter: PortfolioFilter) => void;
}

export function ConditionFields({ filter, names, Conditions, onChange }: ConditionFieldsProps): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  const phrases = filterPhrases(filter, names);
  return (
    <div className={classes.body}>
      <div className={classes.chips}>
        {phrases.length === 0 && <span>Todos os clientes.</span>}
        {phrases.map((phrase) => (
          <Tag key={phrase} tone="accent">
            {phrase}
          </Tag>
        ))}
        <Button variant="default" size="compact-sm" onClick={() => setIsOpen(true)}>
          {phrases.length === 0 ? "Escolher condições" : "Mudar condições"}
        </Button>
      </div>
      <p className={classes.note}>
        Perguntado de novo na hora de agir: quem deixou de se encaixar é pulado, com o motivo.
      </p>
      {isOpen && (
        <Conditions
          filter={filter}
          onClose={() => setIsOpen(false)}
          onSave={(next) => {
            onChange(next);
            setIsOpen(false);
          }}
        />
      )}
    </div>
  );
}
