import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { day, money } from "@/lib/format";
import { type ChargeMethod, components, methodNames, type Statement } from "@/lib/money-shapes";
import { DiscountFields } from "./discount-fields";
import { DownPayments } from "./down-payments";
import type { Proposal } from "./proposal";
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
  isAllowed: boolean;
  onChange: (next: Proposal) => void;
}

export function ProposalForm(props: ProposalFormProps): ReactNode {
  const { proposal, offer, statement, methods, isAllowed, onChange } = props;
  const set = (changes: Partial<Proposal>): void => onChange({ ...proposal, ...changes });
  const debts = statement.debts.filter(({ debt_id }) => offer.debt_ids.includes(debt_id));
  const owed = components.filter(
    (name) => proposal.discounts[name] !== "" || debts.some((debt) => debt[`${name}_cents`] !== 0),
  );
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
      <DiscountFields proposal={proposal} owed={owed} isAllowed={isAllowed} onChange={set} />
      <div className={classes.terms}>
        <TextInput
          label="Parcelas"
          title="0: só a entrada"
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
          label="1º vencimento"
          type="date"
          value={proposal.first_due_date}
          onChange={(event) => set({ first_due_date: event.currentTarget.value })}
        />
        {proposal.interval === "monthly" && (
          <TextInput
            label="Dia do mês"
            inputMode="numeric"
            placeholder="o mesmo"
            value={proposal.due_day ?? ""}
            error={/^(|[1-9]|[12]\d|3[01])$/.test((proposal.due_day ?? "").trim()) ? undefined : "De 1 a 31"}
            onChange={(event) => set({ due_day: event.currentTarget.value })}
          />
        )}
        <NativeSelect
          label="Meio"
          value={proposal.method}
          data={methods.map((value) => ({ value, label: methodNames[value] }))}
          onChange={(event) => set({ method: event.currentTarget.value as ChargeMethod })}
        />
      </div>
      <DownPayments
        list={proposal.down_payments}
        methods={methods}
        onChange={(down_payments) => set({ down_payments })}
      />
    </div>
  );
}
