import { type ReactNode, useState } from "react";
import { count } from "@/lib/format";
import { centsOf } from "@/lib/typed";
import type { Choice } from "./filter";
import classes from "./filter-panel.module.css";

interface FacetListProps {
  title: string;
  hidesTitle?: boolean;
  /** Values that would leave nobody are not offered: of 27 states a portfolio has few. */
  hidesEmpty?: boolean;
  /** From a sample: a value without a count is one that it did not meet, not one that nobody has. */
  isEstimate?: boolean | undefined;
  choices: Choice[] | undefined;
  counts: Record<string, number> | undefined;
  chosen: string[];
  onChange: (values: string[]) => void;
}

export function FacetList(props: FacetListProps): ReactNode {
  const { title, hidesTitle, hidesEmpty, isEstimate, choices, counts, chosen, onChange } = props;
  if (choices?.length === 0) return null;
  const found = (value: string): number | undefined => counts && (counts[value] ?? (isEstimate ? undefined : 0));
  const isShown = ({ value }: Choice): boolean => !hidesEmpty || found(value) !== 0 || chosen.includes(value);
  const toggle = (value: string): void =>
    onChange(chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value]);
  return (
    <fieldset className={classes.group}>
      <legend className={hidesTitle ? "hidden-visually" : undefined}>{title}</legend>
      <div className={classes.choices}>
        {choices?.filter(isShown).map(({ value, label }) => (
          <label key={value} className={classes.choice}>
            <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
            <span className={classes.label}>{label}</span>
            {found(value) !== undefined && <span className={classes.count}>{count(found(value) ?? 0)}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface YesNoProps {
  title: string;
  words: [yes: string, no: string];
  value: boolean | undefined;
  counts: Record<string, number> | undefined;
  isEstimate?: boolean | undefined;
  onChange: (value: boolean | undefined) => void;
}

/** Two boxes of which one or none is checked; both together would filter nothing. */
export function YesNo({ title, words, value, counts, isEstimate, onChange }: YesNoProps): ReactNode {
  return (
    <FacetList
      title={title}
      choices={words.map((label, index) => ({ value: String(index === 0), label }))}
      counts={counts}
      isEstimate={isEstimate}
      chosen={value === undefined ? [] : [String(value)]}
      onChange={(values) => {
        const last = values.at(-1);
        onChange(last === undefined ? undefined : last === "true");
      }}
    />
  );
}

interface OneOfProps {
  title: string;
  choices: Choice[] | undefined;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

export function OneOf({ title, choices, value, onChange }: OneOfProps): ReactNode {
  if (!choices?.length && !value) return null;
  const isListed = !value || choices?.some((choice) => choice.value === value);
  return (
    <label className={classes.group}>
      <span className={classes.legend}>{title}</span>
      <select value={value ?? ""} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
        <option value="">Todos</option>
        {!isListed && <option value={value}>Outra, que não está na lista</option>}
        {choices?.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </label>
  );
}

interface MoneyRangeProps {
  title: string;
  range: { min?: number; max?: number };
  onChange: (range: { min?: number; max?: number }) => void;
}

export function MoneyRange({ title, range, onChange }: MoneyRangeProps): ReactNode {
  const set = (end: "min" | "max", cents: number | undefined): void => {
    const { [end]: _before, ...rest } = range;
    onChange(cents === undefined ? rest : { ...rest, [end]: cents });
  };
  return (
    <fieldset className={classes.group}>
      <legend>{title}</legend>
      <div className={classes.range}>
        <MoneyField label="Valor mínimo em reais" hint="de R$" cents={range.min} onChange={(c) => set("min", c)} />
        <MoneyField label="Valor máximo em reais" hint="até R$" cents={range.max} onChange={(c) => set("max", c)} />
      </div>
    </fieldset>
  );
}

interface MoneyFieldProps {
  label: string;
  hint: string;
  cents: number | undefined;
  onChange: (cents: number | undefined) => void;
}

/** Taken over on Enter or when left: half a number is no filter. */
function MoneyField({ label, hint, cents, onChange }: MoneyFieldProps): ReactNode {
  const [typed, setTyped] = useState<string | null>(null);
  const shown = cents === undefined ? "" : String(cents / 100).replace(".", ",");
  const take = (): void => {
    if (typed === null) return;
    setTyped(null);
    const said = centsOf(typed);
    if (typed.trim() === "") onChange(undefined);
    else if (said !== null) onChange(said);
  };
  return (
    <input
      inputMode="decimal"
      aria-label={label}
      placeholder={hint}
      value={typed ?? shown}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => event.key === "Enter" && take()}
    />
  );
}

interface DateRangeProps {
  title: string;
  disabled?: boolean | undefined;
  ends: [label: string, value: string | undefined, onChange: (value: string) => void][];
}

export function DateRange({ title, disabled = false, ends }: DateRangeProps): ReactNode {
  return (
    <fieldset className={classes.group} disabled={disabled}>
      <legend>{title}</legend>
      <div className={classes.range}>
        {ends.map(([label, value, onChange]) => (
          <input
            key={label}
            type="date"
            aria-label={label}
            title={label}
            value={value ?? ""}
            onChange={(event) => onChange(event.currentTarget.value)}
          />
        ))}
      </div>
    </fieldset>
  );
}
