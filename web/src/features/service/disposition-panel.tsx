import { IconCheck } from "@tabler/icons-react";
import { type ReactNode, Suspense, useId, useRef, useState } from "react";
import { moment } from "@/lib/clock";
import { afterPaint, later, painted } from "@/lib/later";
import { Panel } from "@/ui/panel";
import { useSingleKeys } from "@/ui/single-keys";
import { Key } from "@/ui/tag";
import classes from "./disposition-panel.module.css";
import type { DispositionType, ServiceScreen } from "./queries";

const CallbackForm = later(
  () => import("@/ui/callback-form/callback-form"),
  (m) => m.CallbackForm,
);
void painted().then(CallbackForm.preload);
const WrongNumberForm = afterPaint(
  () => import("./wrong-number-form"),
  (m) => m.WrongNumberForm,
);
const DispositionEffects = afterPaint(
  () => import("./disposition-effects"),
  (m) => m.DispositionEffects,
);

export interface Chosen {
  type: DispositionType;
  scheduledCallback: string | null;
  /** The number somebody else answered. */
  phone?: string | null | undefined;
}

interface DispositionPanelProps {
  screen: ServiceScreen;
  notes: string;
  onNotes: (notes: string) => void;
  /** The callback type while its time is being chosen, or the "not them" while its number is. */
  choosing: DispositionType | null;
  onChoosing: (type: DispositionType | null) => void;
  onDispose: (chosen: Chosen) => void;
  /** What became of the last press, in words. */
  outcome: string | null;
  /** The way to take it back, while there is one. */
  undo: ReactNode;
  /** The command for whoever asks not to be contacted. */
  noContact?: ReactNode;
}

export function DispositionPanel(props: DispositionPanelProps): ReactNode {
  const { screen, notes, onNotes, choosing, onChoosing, onDispose, outcome, undo, noContact } = props;
  const notesRef = useRef<HTMLTextAreaElement>(null);
  const notesId = useId();
  const effectsId = useId();
  /** The result under the mouse or the focus: what it would set off is told before it is pressed. */
  const [pointed, setPointed] = useState<DispositionType | null>(null);
  const press = (type: DispositionType): void => {
    if (type.is_callback || (type.unworkable && screen.phones.length > 1)) onChoosing(type);
    else onDispose({ type, scheduledCallback: null, phone: type.unworkable ? screen.phones[0]?.phone : null });
  };
  useSingleKeys((key) => {
    // The digits are its numbers'.
    if (choosing?.unworkable) return false;
    const type = screen.disposition_types.find(({ hotkey }) => String(hotkey) === key);
    if (type) press(type);
    else if (key.toLowerCase() === "o") notesRef.current?.focus();
    else if (key === "Escape" && choosing) onChoosing(null);
    else return false;
    return true;
  });

  return (
    <Panel
      title="Tabulação"
      aside={
        <>
          <CallbackNotice callbacks={screen.callbacks} />
          {noContact}
        </>
      }
      scrolls
      className={classes.panel}
    >
      <div className={classes.body}>
        <div className={classes.notes}>
          <label htmlFor={notesId}>
            Observação <Key>O</Key>
          </label>
          <textarea
            ref={notesRef}
            id={notesId}
            aria-label="Observação"
            data-kept
            placeholder="O que foi dito, em uma linha ou duas"
            maxLength={4000}
            // One line less leaves the time of a callback above the fold of 768 pixels.
            rows={choosing ? 2 : 3}
            value={notes}
            onChange={(event) => onNotes(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
            }}
          />
        </div>
        <fieldset className={classes.buttons} aria-label="Resultado da ligação">
          {screen.disposition_types.map((type) => (
            <button
              key={type.key}
              type="button"
              className={classes.button}
              data-active={choosing?.key === type.key || undefined}
              style={{ "--ink": `var(--ink-${type.color}, var(--muted))` } as React.CSSProperties}
              aria-describedby={pointed?.key === type.key ? effectsId : undefined}
              onMouseEnter={() => setPointed(type)}
              onMouseLeave={() => setPointed(null)}
              onFocus={() => setPointed(type)}
              onBlur={() => setPointed(null)}
              onClick={() => press(type)}
            >
              <span className={classes.digit} aria-hidden>
                {type.hotkey}
              </span>
              {type.label}
              {type.is_callback && <span className={classes.more}>escolher horário</span>}
            </button>
          ))}
        </fieldset>
        {choosing ? (
          <Suspense fallback={null}>
            {choosing.unworkable ? (
              <WrongNumberForm
                clientId={screen.client.id}
                phones={screen.phones}
                onCancel={() => onChoosing(null)}
                onSave={(phone) => {
                  onDispose({ type: choosing, scheduledCallback: null, phone });
                  onChoosing(null);
                }}
              />
            ) : (
              <CallbackForm
                contact={screen.contact}
                onCancel={() => onChoosing(null)}
                onSave={(at) => {
                  onDispose({ type: choosing, scheduledCallback: at });
                  onChoosing(null);
                }}
              />
            )}
          </Suspense>
        ) : (
          <p role="status" className={classes.saved}>
            {outcome ? (
              <>
                <IconCheck size={15} aria-hidden /> {outcome}
              </>
            ) : (
              <span className={classes.hint}>Tecle o número do resultado. Esc sai da observação.</span>
            )}
          </p>
        )}
        {undo}
        <div id={effectsId} className={classes.effects} hidden={!pointed || choosing !== null}>
          <Suspense fallback={null}>
            {pointed && <DispositionEffects clientId={screen.client.id} type={pointed} />}
          </Suspense>
        </div>
      </div>
    </Panel>
  );
}

function CallbackNotice({ callbacks }: { callbacks: ServiceScreen["callbacks"] }): ReactNode {
  const [next] = callbacks;
  return next ? <span>Retorno marcado: {moment(next.due_at)}</span> : null;
}
