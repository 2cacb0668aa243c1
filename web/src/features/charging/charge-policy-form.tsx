import { TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { localDate, now } from "@/lib/clock";
import { day } from "@/lib/format";
import classes from "./charging.module.css";
import { FieldGrid } from "./field-grid";
import { chargeFields, textsOf, valuesOf } from "./fields";
import { type ChargePolicy, chargingKey, type Scope, saveChargePolicy } from "./queries";
import { SaveBar } from "./save-bar";

/** What lateness costs: a new version from a day on; what was said until yesterday stays right. */
export function ChargePolicyForm({ policies, scope }: { policies: ChargePolicy[]; scope: Scope }): ReactNode {
  const queryClient = useQueryClient();
  const own = policies.filter(({ creditor_id }) => creditor_id === scope);
  const [texts, setTexts] = useState(() => textsOf(chargeFields, policies[0]));
  const [validFrom, setValidFrom] = useState("");
  const values = valuesOf(chargeFields, texts);
  const { mutate, isPending, error, data } = useMutation({
    mutationFn: () =>
      saveChargePolicy({
        ...values,
        ...(scope && { creditor_id: scope }),
        ...(validFrom && { valid_from: validFrom }),
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: chargingKey }),
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      {scope && own.length === 0 && (
        <p className={classes.note}>Este credor segue a regra geral. Salvar cria uma regra só dele.</p>
      )}
      <FieldGrid fields={chargeFields} texts={texts} onChange={setTexts} />
      <div className={classes.grid}>
        <TextInput
          type="date"
          label="Vale a partir de"
          description="vazio: hoje"
          inputWrapperOrder={["label", "input", "description", "error"]}
          min={localDate(now())}
          value={validFrom}
          onChange={(event) => setValidFrom(event.currentTarget.value)}
        />
      </div>
      <SaveBar
        action="Salvar nova versão"
        isPending={isPending}
        isReady={values !== null}
        error={error}
        done={data && `Versão ${data.version} vale desde ${day(data.valid_from)}.`}
      />
      {own.length > 0 && (
        <ol className={classes.versions} aria-label="Versões da regra de encargos">
          {own.map((policy) => (
            <li key={policy.id}>
              Versão {policy.version}, desde {day(policy.valid_from)}: multa{" "}
              {String(policy.fine_percent).replace(".", ",")}%, juros{" "}
              {String(policy.interest_percent).replace(".", ",")}% ao mês, honorários{" "}
              {String(policy.collection_fee_percent).replace(".", ",")}%
            </li>
          ))}
        </ol>
      )}
    </form>
  );
}
