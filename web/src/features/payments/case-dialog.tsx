import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { localDate, now } from "@/lib/clock";
import { day, money } from "@/lib/format";
import { centsOf, centsText } from "@/lib/typed";
import { AskDialog } from "@/ui/ask-dialog";
import asked from "@/ui/ask-dialog.module.css";
import classes from "./payments.module.css";
import { type PaymentCase, type Resolution, resolveCase, type Target } from "./queries";
import { choiceOf } from "./words";

interface CaseDialogProps {
  case: PaymentCase;
  resolution: Resolution;
  onDone: () => Promise<void>;
  onClose: () => void;
}

/** The reason, and what a decision needs beside it: a new day, whose it is, what the bank's statement says. */
export function CaseDialog({ case: known, resolution, onDone, onClose }: CaseDialogProps): ReactNode {
  const { kind, details, suggestions } = known;
  const [installmentId, setInstallmentId] = useState(suggestions[0]?.installment_id ?? "");
  const [paidOn, setPaidOn] = useState(details.paid_on ?? "");
  const [amount, setAmount] = useState(details.paid_cents ? centsText(details.paid_cents) : "");
  const confirms = kind === "contradiction" && resolution === "assign";
  const finds = kind === "orphan" && resolution === "assign";
  const choice = choiceOf(kind, resolution);
  const target = (firstDueOn: string): Target | null => {
    if (finds) return installmentId ? { installment_id: installmentId.trim() } : null;
    if (resolution === "reactivate") return firstDueOn ? { first_due_on: firstDueOn } : null;
    if (!confirms) return null;
    const cents = centsOf(amount);
    return { ...(paidOn && { paid_on: paidOn }), ...(cents && { amount_cents: cents }) };
  };
  return (
    <AskDialog
      title={choice.label}
      action={choice.label}
      danger={resolution === "return" || resolution === "dismiss"}
      {...(resolution === "reactivate" && {
        dayLabel: "Novo vencimento da primeira parcela em aberto",
        minDay: localDate(now()),
      })}
      run={({ reason, day: firstDueOn }) => resolveCase(known.id, resolution, reason, target(firstDueOn))}
      onDone={onDone}
      onClose={onClose}
    >
      <p>
        {money(known.amount_cents)}. {choice.explain}
      </p>
      {finds && suggestions.length > 0 && (
        <fieldset className={classes.suggestions}>
          <legend>De qual parcela é? Mesmo valor, vencimento mais próximo primeiro.</legend>
          {suggestions.map((each) => (
            <label key={each.installment_id}>
              <input
                type="radio"
                name="suggestion"
                checked={installmentId === each.installment_id}
                onChange={() => setInstallmentId(each.installment_id)}
              />
              {each.client.name}, parcela {each.number}, vence em {day(each.due_on)}, {money(each.amount_cents)}
            </label>
          ))}
        </fieldset>
      )}
      {finds && suggestions.length === 0 && (
        <p role="status">Nenhuma parcela em aberto tem este valor. Devolva, ou procure o acordo e dê baixa manual.</p>
      )}
      {confirms && (
        <div className={asked.row}>
          <TextInput
            type="date"
            label="Pago em"
            required
            value={paidOn}
            max={localDate(now())}
            onChange={(event) => setPaidOn(event.currentTarget.value)}
          />
          <TextInput
            label="Valor no extrato, em R$"
            required
            inputMode="decimal"
            value={amount}
            error={amount !== "" && centsOf(amount) === null ? "Valor como 150,00" : undefined}
            onChange={(event) => setAmount(event.currentTarget.value)}
          />
        </div>
      )}
    </AskDialog>
  );
}
