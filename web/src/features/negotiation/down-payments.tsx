import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { type ChargeMethod, methodNames } from "@/lib/money-shapes";
import { centsOf } from "@/lib/typed";
import type { DownPayment } from "./proposal";
import classes from "./proposal-form.module.css";

interface DownPaymentsProps {
  list: DownPayment[];
  methods: ChargeMethod[];
  onChange: (list: DownPayment[]) => void;
}

/** Each with its own day; without one the database takes the next business day. */
export function DownPayments({ list, methods, onChange }: DownPaymentsProps): ReactNode {
  const set = (key: string, changes: Partial<DownPayment>): void =>
    onChange(list.map((each) => (each.key === key ? { ...each, ...changes } : each)));
  return (
    <div className={classes.downPayments}>
      {list.map(({ key, amount, due_on, method = "" }, index) => (
        <div key={key} className={classes.downPayment}>
          <TextInput
            label={`Entrada ${index + 1}, em R$`}
            inputMode="decimal"
            placeholder="0,00"
            value={amount}
            error={amount !== "" && centsOf(amount) === null ? "Valor como 150,00" : undefined}
            onChange={(event) => set(key, { amount: event.currentTarget.value })}
          />
          <TextInput
            label={`Dia da entrada ${index + 1}`}
            type="date"
            value={due_on}
            onChange={(event) => set(key, { due_on: event.currentTarget.value })}
          />
          <NativeSelect
            label={`Meio da entrada ${index + 1}`}
            value={method}
            data={[{ value: "", label: "o mesmo" }, ...methods.map((value) => ({ value, label: methodNames[value] }))]}
            onChange={(event) => set(key, { method: event.currentTarget.value as ChargeMethod | "" })}
          />
          <ActionIcon
            aria-label={`Tirar a entrada ${index + 1}`}
            onClick={() => onChange(list.filter((each) => each.key !== key))}
          >
            <IconX size={16} />
          </ActionIcon>
        </div>
      ))}
      <Button
        variant="default"
        size="compact-sm"
        onClick={() => onChange([...list, { key: crypto.randomUUID(), amount: "", due_on: "", method: "" }])}
      >
        {list.length === 0 ? "Com entrada" : "Outra entrada"}
      </Button>
    </div>
  );
}
