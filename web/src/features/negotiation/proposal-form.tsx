import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { day, money, percent } from "@/lib/format";
import { type ChargeMethod, componentNames, components, methodNames, type Statement } from "@/lib/money-shapes";
import { DownPayments } from "./down-payments";
import { type Proposal, percentOf } from "./proposal";
import classes from "./proposal-form.module.css";
import type { Interval, Offer } from "./queries";

const intervals: { value: Interval; label: string }[] = [
  { value: "monthly", label: "mensais" },
  { value: "biweekly", label: "quinzenais" },
  { value: "weekly", label: "semanais" },
];

interface ProposalFormProps {
  proposal: Proposal;
  offer: Offer;
  statement: Statement;
  methods: ChargeMethod[];
  onChange: (next: Proposal) => void;
}

export function ProposalForm({ proposal, offer, statement, methods, onChange }: ProposalFormProps): ReactNode {
  const set = (changes: Partial<Proposal>): void => onChange({ ...proposal, ...changes });
  const debts = statement.debts.filter(({ debt_id }) => offer.debt_ids.includes(debt_id));
  const toggle = (id: string): void =>
    set({
      debt_ids: proposal.debt_ids.includes(id)
        ? proposal.debt_ids.filter((each) => each !== id)
        : [...proposal.debt_ids, id],
    });
  return (
    <div className={classes.form}>
      <fieldset className={classes.debts}>
        <legend>Títulos</legend>
        {debts.map((debt) => (
          <label key={debt.debt_id}>
            <input
              type="checkbox"
              checked={proposal.debt_ids.includes(debt.debt_id)}
              onChange={() => toggle(debt.debt_id)}
            />
            <span>
              {debt.contract} · parc. {debt.installment} · {day(debt.due_on)}
              {debt.is_prescribed && " · prescrito"}
            </span>
            <span className="num">{money(debt.total_cents)}</span>
          </label>
        ))}
      </fieldset>
      <fieldset className={classes.discounts}>
        <legend>Desconto por componente, em %</legend>
        {components.map((name) => {
          const limit = offer.limits?.[`${name}_percent`];
          const typed = percentOf(proposal.discounts[name] || "0");
          const isOver = typed !== null && limit !== undefined && typed > limit;
          return (
            <TextInput
              key={name}
              label={componentNames[name]}
              description={limit === undefined ? undefined : `${isOver ? "acima do" : "seu"} limite: ${percent(limit)}`}
              data-over={isOver || undefined}
              inputMode="decimal"
              placeholder="0"
              value={proposal.discounts[name]}
              error={typed === null ? "De 0 a 100" : undefined}
              onChange={(event) => set({ discounts: { ...proposal.discounts, [name]: event.currentTarget.value } })}
            />
          );
        })}
      </fieldset>
      <div className={classes.terms}>
        <TextInput
          label="Parcelas"
          inputMode="numeric"
          value={proposal.installments}
          onChange={(event) => set({ installments: event.currentTarget.value })}
        />
        <NativeSelect
          label="Intervalo"
          value={proposal.interval}
          data={intervals}
          onChange={(event) => set({ interval: event.currentTarget.value as Interval })}
        />
        <TextInput
          label="Primeiro vencimento"
          type="date"
          value={proposal.first_due_date}
          onChange={(event) => set({ first_due_date: event.currentTarget.value })}
        />
        <NativeSelect
          label="Meio"
          value={proposal.method}
          data={methods.map((value) => ({ value, label: methodNames[value] }))}
          onChange={(event) => set({ method: event.currentTarget.value as ChargeMethod })}
        />
      </div>
      <DownPayments list={proposal.down_payments} onChange={(down_payments) => set({ down_payments })} />
    </div>
  );
}
