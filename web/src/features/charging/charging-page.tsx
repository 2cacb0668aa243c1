import { NativeSelect } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useSearch } from "wouter";
import { creditorChoices } from "@/lib/creditor-choices";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { ErrorState, PageSkeleton } from "@/ui/states";
import { AgreementPolicyForm } from "./agreement-policy-form";
import { ChargePolicyForm } from "./charge-policy-form";
import classes from "./charging.module.css";
import { FactorsForm } from "./factors-form";
import { HolidaysForm } from "./holidays-form";
import { LimitsForm } from "./limits-form";
import { type Scope, useCharging, useCreditors } from "./queries";
import { TemplatesForm } from "./templates-form";

/** The rules of money, of the agency or of one creditor. */
export function ChargingPage(): ReactNode {
  return (
    <SettingsRoom title="Cobrança" room="charging">
      <Charging />
    </SettingsRoom>
  );
}

function Charging(): ReactNode {
  // The creditors' room leads here with one of them.
  const [scope, setScope] = useState<Scope>(new URLSearchParams(useSearch()).get("credor"));
  const { data: creditors } = useCreditors();
  const { data: rules, error, refetch } = useCharging(scope);
  return (
    <>
      <NativeSelect
        label="Regras de"
        className={classes.narrow}
        value={scope ?? ""}
        data={[{ value: "", label: "Todos os credores (regra geral)" }, ...creditorChoices(creditors, [scope])]}
        onChange={(event) => setScope(event.currentTarget.value || null)}
      />
      {!rules && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />)}
      {rules && (
        // What is being typed belongs to one creditor.
        <div key={scope ?? "all"} className={classes.columns}>
          <Panel title="Encargos por atraso">
            <ChargePolicyForm policies={rules.chargePolicies} scope={scope} />
          </Panel>
          <Panel title="Prazos e pagamentos dos acordos">
            <AgreementPolicyForm policies={rules.agreementPolicies} scope={scope} />
          </Panel>
          <Panel title="Modelos de oferta">
            <TemplatesForm templates={rules.templates} scope={scope} />
          </Panel>
          <Panel title="Alçadas">
            <LimitsForm limits={rules.limits} scope={scope} />
          </Panel>
          {scope === null && (
            <Panel title="Índices de correção">
              <FactorsForm />
            </Panel>
          )}
          {scope === null && (
            <Panel title="Feriados">
              <HolidaysForm />
            </Panel>
          )}
        </div>
      )}
    </>
  );
}
