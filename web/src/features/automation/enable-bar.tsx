import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { useKeptFocus } from "@/ui/kept-focus";
import classes from "./editor.module.css";
import { obstacleOf } from "./obstacle";
import { useSetEnabled } from "./queries";
import type { Rule } from "./shapes";

/** The switch, and what has to be seen before it may be thrown. */
export function EnableBar({ rule, isDirty }: { rule: Rule; isDirty: boolean }): ReactNode {
  const { mutate, isPending, error } = useSetEnabled();
  const button = useKeptFocus<HTMLButtonElement>(isPending);
  const obstacle = isDirty ? "salve as mudanças e simule a regra como ficou." : obstacleOf(rule);
  const isOn = rule.is_enabled;
  const off = obstacle ? `Para ligar: ${obstacle}` : "Simulada como está. Pode ser ligada.";
  return (
    <section className={classes.enable} aria-label="Chave da regra">
      <p>{isOn ? "Ligada. O que ela faz está em Execuções." : off}</p>
      <Button
        ref={button}
        {...(isOn && { variant: "default" })}
        disabled={!isOn && obstacle !== null}
        loading={isPending}
        onClick={() => mutate({ id: rule.id, isEnabled: !isOn })}
      >
        {isOn ? "Desligar regra" : "Ligar regra"}
      </Button>
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
    </section>
  );
}
