import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { plural } from "@/lib/format";
import classes from "./charging.module.css";
import { FieldGrid } from "./field-grid";
import { agreementFields, type Texts, textsOf, valuesOf } from "./fields";
import {
  type AgreementPolicy,
  chargingKey,
  type PolicyPreview,
  previewAgreementPolicy,
  type Scope,
  saveAgreementPolicy,
} from "./queries";
import { SaveBar } from "./save-bar";

/** When agreements break and what uneven payments mean; whom a change reaches is asked and shown before it is made. */
export function AgreementPolicyForm({ policies, scope }: { policies: AgreementPolicy[]; scope: Scope }): ReactNode {
  const queryClient = useQueryClient();
  const [texts, setTexts] = useState(() => textsOf(agreementFields, policies[0]));
  const [appliesTo, setAppliesTo] = useState<"new" | "existing">("new");
  const values = valuesOf(agreementFields, texts);
  const policy = { ...values, ...(scope && { creditor_id: scope }) };
  const preview = useMutation({ mutationFn: () => previewAgreementPolicy(policy) });
  const save = useMutation({
    mutationFn: () => saveAgreementPolicy(policy, appliesTo),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: chargingKey }),
  });
  const change = (next: Texts): void => {
    setTexts(next);
    // A count is of the deadlines it was asked about.
    preview.reset();
    save.reset();
  };
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <FieldGrid fields={agreementFields} texts={texts} onChange={change} />
      <fieldset className={classes.choice}>
        <legend>Para quem vale?</legend>
        <label>
          <input type="radio" name="applies" checked={appliesTo === "new"} onChange={() => setAppliesTo("new")} />
          só para acordos novos; os que estão em vigor seguem como foram feitos
        </label>
        <label>
          <input
            type="radio"
            name="applies"
            checked={appliesTo === "existing"}
            onChange={() => setAppliesTo("existing")}
          />
          também para os acordos em vigor
        </label>
      </fieldset>
      {preview.data && <Touched preview={preview.data} />}
      <SaveBar
        action="Salvar nova versão"
        isPending={save.isPending}
        isReady={values !== null}
        error={save.error ?? preview.error}
        done={save.data && `Versão ${save.data.version} salva.`}
      >
        <Button
          variant="default"
          loading={preview.isPending}
          disabled={values === null}
          onClick={() => preview.mutate()}
        >
          Ver quem seria afetado
        </Button>
      </SaveBar>
    </form>
  );
}

function Touched({ preview }: { preview: PolicyPreview }): ReactNode {
  const { living, would_change, would_break, would_lapse, would_wait } = preview;
  return (
    <p role="status" className={classes.note} data-strong={would_change > 0 || undefined}>
      {plural(living, "acordo em vigor", "acordos em vigor")}. Se valer também para eles, hoje mesmo:{" "}
      {plural(would_change, "mudaria de situação", "mudariam de situação")}, dos quais{" "}
      {plural(would_break, "quebraria", "quebrariam")} e {plural(would_lapse, "caducaria", "caducariam")};{" "}
      {plural(would_wait, "esperaria", "esperariam")} a compensação ou a conciliação.
    </p>
  );
}
