import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { reasonSentence } from "@/lib/reasons";
import { deedOf, spanOf } from "@/lib/rule-words";
import classes from "./effects.module.css";
import { type DispositionEffect, type DispositionType, effectsQuery } from "./queries";

/** What a result would set off, asked of the planner that will decide it. */
export function DispositionEffects({ clientId, type }: { clientId: string; type: DispositionType }): ReactNode {
  const { data } = useQuery(effectsQuery(clientId));
  if (!data) return null;
  const own = data.effects.filter((effect) => effect.disposition_type === type.key);
  const built = type.is_callback
    ? "Marca o retorno no horário que você escolher."
    : type.opens_negotiation
      ? "Abre a negociação."
      : null;
  return (
    <>
      {built && <p>{built}</p>}
      {own.length === 0 && !built && <p>Só registra: nenhuma regra ligada para este resultado.</p>}
      {own.length > 0 && (
        <ul className={classes.effects}>
          {own.map((effect) => (
            <li key={`${effect.rule}:${effect.position}`} data-verdict={effect.verdict}>
              {sentenceOf(effect, data.undo_seconds)} <span className={classes.rule}>{effect.rule}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function sentenceOf(effect: DispositionEffect, undoSeconds: number): string {
  const deed = deedOf(effect.action, effect.template);
  if (effect.verdict === "skip") return `Não ${deed}${effect.reason ? `: ${reasonSentence(effect.reason)}` : ""}.`;
  if (effect.verdict === "postpone" && effect.not_before)
    return `${capital(deed)} só ${moment(effect.not_before)}${effect.reason ? `: ${reasonSentence(effect.reason)}` : ""}.`;
  const wait = effect.wait_minutes;
  if (effect.position > 1) return `${wait > 0 ? `Depois de mais ${spanOf(wait)}` : "Em seguida"} ${deed}.`;
  return `${capital(deed)} em ${wait > 0 ? spanOf(wait) : `${undoSeconds} s`}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
