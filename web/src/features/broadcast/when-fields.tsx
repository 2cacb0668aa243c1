import { SegmentedControl, TextInput } from "@mantine/core";
import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/SegmentedControl.css";
import type { ReactNode } from "react";
import { addDays, localDate, now } from "@/lib/clock";
import classes from "./broadcast.module.css";
import compose from "./compose.module.css";
import type { Draft } from "./draft";

interface WhenProps {
  draft: Draft;
  isPast: boolean;
  onChange: (part: Partial<Draft>) => void;
}

/** Now or later; either way nothing reaches anybody outside their lawful hours. */
export function WhenFields({ draft, isPast, onChange }: WhenProps): ReactNode {
  const isLater = draft.day !== "" || draft.time !== "";
  const today = localDate(now());
  return (
    <>
      <SegmentedControl
        aria-label="Quando enviar"
        value={isLater ? "later" : "now"}
        data={[
          { value: "now", label: "Enviar agora" },
          { value: "later", label: "Agendar" },
        ]}
        onChange={(value) =>
          onChange(value === "now" ? { day: "", time: "" } : { day: addDays(today, 1), time: "09:00" })
        }
      />
      {isLater && (
        <div className={compose.when}>
          <TextInput
            type="date"
            label="Dia"
            min={today}
            value={draft.day}
            onChange={(event) => onChange({ day: event.currentTarget.value })}
          />
          <TextInput
            type="time"
            label="Hora"
            value={draft.time}
            onChange={(event) => onChange({ time: event.currentTarget.value })}
          />
        </div>
      )}
      {isPast && (
        <p role="alert" className={classes.error}>
          Este horário já passou. Escolha outro ou envie agora.
        </p>
      )}
      <p className={classes.faint}>
        Cada mensagem só sai dentro do horário permitido onde a pessoa mora: em geral de segunda a sexta das 8h às 20h e
        sábado das 8h às 14h, nunca em domingos e feriados; alguns estados e a sua assessoria têm horários menores. Quem
        estiver fora do horário espera na fila e recebe quando ele abrir.
      </p>
    </>
  );
}
