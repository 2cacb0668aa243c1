import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { useHasRole, useMember } from "@/lib/session";
import classes from "./automation.module.css";
import { useSavePolicy } from "./queries";
import type { Policy } from "./shapes";

const channels = [
  { key: "whatsapp", label: "WhatsApp" },
  { key: "call", label: "Discador" },
];

/** Stops everything at once, or one channel: for the day something goes wrong. */
export function StopSwitches({ policy }: { policy: Policy }): ReactNode {
  const { tenant } = useMember();
  const mayEdit = useHasRole("admin");
  const { mutate, isPending, error, variables } = useSavePolicy(tenant.id);
  const shown = isPending && variables ? variables : policy;
  const toggle = (channel: string): string[] =>
    shown.stopped_channels.includes(channel)
      ? shown.stopped_channels.filter((each) => each !== channel)
      : [...shown.stopped_channels, channel];
  return (
    <section className={classes.stops} aria-label="Chaves gerais" data-stopped={shown.is_stopped || undefined}>
      <Switch
        label="Todas as automações"
        on={!shown.is_stopped}
        disabled={!mayEdit}
        onToggle={() => mutate({ ...shown, is_stopped: !shown.is_stopped })}
      />
      {channels.map(({ key, label }) => (
        <Switch
          key={key}
          label={label}
          on={!shown.is_stopped && !shown.stopped_channels.includes(key)}
          disabled={!mayEdit || shown.is_stopped}
          onToggle={() => mutate({ ...shown, stopped_channels: toggle(key) })}
        />
      ))}
      <UndoSeconds
        key={policy.undo_seconds}
        seconds={policy.undo_seconds}
        disabled={!mayEdit}
        onChange={(undo_seconds) => mutate({ ...shown, undo_seconds })}
      />
      {shown.is_stopped && <p role="status">Tudo parado: o que vencer enquanto isso é pulado, e não volta depois.</p>}
      {error && <p role="alert">{sentenceFor(error)}</p>}
    </section>
  );
}

interface SwitchProps {
  label: string;
  on: boolean;
  disabled: boolean;
  onToggle: () => void;
}

function Switch({ label, on, disabled, onToggle }: SwitchProps): ReactNode {
  return (
    <label className={classes.stop}>
      <input type="checkbox" className={classes.switch} checked={on} disabled={disabled} onChange={onToggle} />
      {label}
    </label>
  );
}

interface UndoSecondsProps {
  seconds: number;
  disabled: boolean;
  onChange: (seconds: number) => void;
}

/** A minute at most: by then the operator speaks with the next client. */
const maxSeconds = 60;

function UndoSeconds({ seconds, disabled, onChange }: UndoSecondsProps): ReactNode {
  const [text, setText] = useState(String(seconds));
  const isValid = /^\d{1,2}$/.test(text) && Number(text) <= maxSeconds;
  const take = (): void => {
    if (isValid && Number(text) !== seconds) onChange(Number(text));
    else setText(String(seconds));
  };
  return (
    <label className={classes.stop}>
      Desfazer tabulação por
      <input
        className={classes.short}
        inputMode="numeric"
        value={text}
        disabled={disabled}
        aria-invalid={!isValid || undefined}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={take}
        onKeyDown={(event) => event.key === "Enter" && take()}
      />
      segundos
    </label>
  );
}
