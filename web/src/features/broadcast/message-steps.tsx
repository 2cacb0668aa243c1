import { ActionIcon } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import classes from "./compose.module.css";
import type { Forecast, Template } from "./shapes";

interface StepsProps {
  template: Template;
  forecast: Forecast | undefined;
  isStale: boolean;
}

/** The very words that some of these people would read. */
export function MessageSteps({ template, forecast, isStale }: StepsProps): ReactNode {
  const [place, setPlace] = useState(0);
  const examples = forecast?.examples ?? [];
  const current = examples[Math.min(place, examples.length - 1)];
  return (
    <figure className={classes.sample} data-stale={isStale || undefined} aria-label="Prévia da mensagem">
      <figcaption>
        <span aria-live="polite">{current ? `Como ${current.name} leria` : "O texto do modelo"}</span>
        {current && examples.length > 1 && (
          <span className={classes.steps}>
            <ActionIcon
              aria-label="Pessoa anterior"
              onClick={() => setPlace((place - 1 + examples.length) % examples.length)}
            >
              <IconChevronLeft size={16} />
            </ActionIcon>
            <span className="num">
              {Math.min(place, examples.length - 1) + 1}/{examples.length}
            </span>
            <ActionIcon aria-label="Próxima pessoa" onClick={() => setPlace((place + 1) % examples.length)}>
              <IconChevronRight size={16} />
            </ActionIcon>
          </span>
        )}
      </figcaption>
      <p className={classes.bubble}>{current?.body ?? template.body}</p>
    </figure>
  );
}
