import { Button } from "@mantine/core";
import { type ReactNode, useEffect, useEffectEvent } from "react";
import { money, percent, plural } from "@/lib/format";
import { Key, Tag } from "@/ui/tag";
import classes from "./propose-bar.module.css";
import type { Simulation } from "./queries";
import { mayPropose, verdictTone, verdictWord } from "./verdict";

interface ProposeBarProps {
  simulation: Simulation | undefined;
  /** What is shown is what was typed. */
  isReady: boolean;
  isPending: boolean;
  onPropose: (simulation: Simulation) => void;
  onAdd?: () => void;
  onRemove?: () => void;
}

/** Ctrl+Enter proposes from anywhere in the page, as the button does. */
export function ProposeBar({ simulation, isReady, isPending, onPropose, onAdd, onRemove }: ProposeBarProps): ReactNode {
  const isPossible = isReady && !isPending && simulation !== undefined && mayPropose(simulation);
  const handle = useEffectEvent((event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
    event.preventDefault();
    if (isPossible) onPropose(simulation);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => handle(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
  return (
    <footer className={classes.actions}>
      {simulation && (
        <p className={classes.summary} data-old={!isReady || undefined}>
          <strong className="num">{money(simulation.total_cents)}</strong>
          <span>
            {plural(simulation.schedule.length, "pagamento", "pagamentos")}, desconto de{" "}
            {percent(simulation.discount_percent)}
          </span>
          <Tag tone={verdictTone(simulation)}>{verdictWord(simulation)}</Tag>
        </p>
      )}
      {onAdd && (
        <Button variant="default" onClick={onAdd}>
          Comparar com outra
        </Button>
      )}
      {onRemove && (
        <Button variant="subtle" color="gray" onClick={onRemove}>
          Tirar esta
        </Button>
      )}
      <Button loading={isPending} disabled={!isPossible} onClick={() => simulation && onPropose(simulation)}>
        {simulation && !simulation.is_allowed ? "Pedir aprovação" : "Fechar acordo"}&nbsp;<Key>Ctrl+Enter</Key>
      </Button>
    </footer>
  );
}
