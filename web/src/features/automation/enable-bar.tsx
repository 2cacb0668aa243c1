import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "./editor.module.css";
import { obstacleOf } from "./obstacle";
import { useSetEnabled } from "./queries";
import type { Rule } from "./shapes";

/** The switch, and what has to be seen before it may be thrown. */
export function EnableBar({ rule, isDirty }: { rule: Rule; isDirty: boolean }): ReactNode {
  const { mutate, isPending, error } = useSetEnabled();
  const obstacle = isDirty ? "salve as mudanças e simule a regra como ficou." : obstacleOf(rule);
  if (rule.is_enabled)
    return (
      <section className={classes.enable} aria-label="Chave da regra">
        <p>Ligada. O que ela faz está em Execuções.</p>
        <Button variant="default" loading={isPending} onClick={() => mutate({ id: rule.id, isEnabled: false })}>
          Desligar regra
        </Button>
      </section>
    );
  return (
    <section className={classes.enable} aria-label="Chave da regra">
      <p>{obstacle ? `Para ligar: ${obstacle}` : "Simulada como está. Pode ser ligada."}</p>
      <Button disabled={obstacle !== null} loading={isPending} onClick={() => mutate({ id: rule.id, isEnabled: true })}>
        Ligar regra
      </Button>
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
    </section>
  );
}
