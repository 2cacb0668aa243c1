import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Component, componentNames } from "@/lib/money-shapes";
import { useMember } from "@/lib/session";
import { centsOf, percentOf } from "@/lib/typed";
import { grantOf } from "./grants";
import type { Proposal } from "./proposal";
import classes from "./proposal-form.module.css";
import { limitsQuery } from "./queries";

interface DiscountFieldsProps {
  proposal: Proposal;
  /** What the titles owe: there is nothing to forgive where nothing is owed. */
  owed: Component[];
  /** The whole offer needs nobody: a ready template may give what the person alone may not. */
  isAllowed: boolean;
  onChange: (changes: Partial<Proposal>) => void;
}

/** A discount for each component, coloured and worded by who may grant it; or the total to arrive at. */
export function DiscountFields({ proposal, owed, isAllowed, onChange }: DiscountFieldsProps): ReactNode {
  const { data: limits } = useQuery(limitsQuery(proposal.offer));
  const { tenant } = useMember();
  const { discounts, target = "" } = proposal;
  const isAimed = target.trim() !== "";
  return (
    <fieldset className={classes.discounts}>
      <legend>Desconto por componente, em %</legend>
      {owed.map((name) => {
        const grant = isAimed ? null : grantOf(limits, tenant.role, name, discounts[name]);
        const tone = grant && isAllowed ? "good" : grant?.tone;
        return (
          <TextInput
            key={name}
            label={componentNames[name]}
            description={grant && (isAllowed && grant.tone !== "good" ? "o modelo permite" : grant.words)}
            wrapperProps={{ "data-grant": tone }}
            inputMode="decimal"
            placeholder="0"
            disabled={isAimed}
            value={discounts[name]}
            error={percentOf(discounts[name] || "0") === null ? "De 0 a 100" : undefined}
            onChange={(event) => onChange({ discounts: { ...discounts, [name]: event.currentTarget.value } })}
          />
        );
      })}
      <TextInput
        label="Fechar por, em R$"
        description="distribui o desconto"
        inputMode="decimal"
        placeholder="total"
        value={target}
        error={isAimed && centsOf(target) === null ? "Valor como 900,00" : undefined}
        onChange={(event) => onChange({ target: event.currentTarget.value })}
      />
    </fieldset>
  );
}
