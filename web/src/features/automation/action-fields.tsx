import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { Names } from "@/lib/rule-names";
import { CampaignField } from "./campaign-field";
import classes from "./editor.module.css";
import { NumberField } from "./number-field";
import type { Step } from "./shapes";
import { SpanField } from "./span-field";
import { TemplateField } from "./template-field";
import { capital, methodNames } from "./words";

interface ActionFieldsProps {
  step: Step;
  names: Names | undefined;
  onChange: (step: Step) => void;
}

/** A month, and a day: the longest that the database takes. */
const maxCallback = 43_200;
const maxRelease = 1_440;

/** What an action has to be told. */
export function ActionFields({ step, names, onChange }: ActionFieldsProps): ReactNode {
  const set = (part: Partial<Step>): void => onChange({ ...step, ...part });
  switch (step.action) {
    case "send_template":
      return (
        <TemplateField
          templates={names?.templates}
          chosen={step.template_id ?? null}
          onChange={(template_id) => set({ template_id })}
        />
      );
    case "create_charge":
      return (
        <NativeSelect
          label="Forma de pagamento"
          value={step.method ?? ""}
          onChange={(event) => set({ method: (event.currentTarget.value || null) as Step["method"] })}
          data={[
            { value: "", label: "A da parcela" },
            ...Object.entries(methodNames).map(([value, label]) => ({ value, label: capital(label) })),
          ]}
        />
      );
    case "send_to_dialer":
      return (
        <>
          <CampaignField chosen={step.campaign_id ?? null} onChange={(campaign_id) => set({ campaign_id })} />
          <NumberField
            label="No máximo, vezes em 7 dias"
            min={1}
            max={20}
            value={step.max_attempts ?? 3}
            onChange={(max_attempts) => set({ max_attempts })}
          />
        </>
      );
    case "schedule_callback":
      return <CallbackFields step={step} set={set} />;
    case "remind_operator":
    case "notify_supervisor":
      return (
        <TextInput
          label="Recado"
          maxLength={200}
          value={step.note ?? ""}
          onChange={(event) => set({ note: event.currentTarget.value || null })}
        />
      );
    case "quarantine_phone":
      return (
        <NumberField
          label="Por quantos dias"
          empty="para sempre"
          min={1}
          max={3_650}
          value={step.days ?? null}
          onChange={(days) => set({ days })}
        />
      );
    case "tag":
      return (
        <NativeSelect
          label="Tag"
          value={step.tag_id ?? ""}
          onChange={(event) => set({ tag_id: event.currentTarget.value || null })}
          data={[
            { value: "", label: "Escolha" },
            ...(names?.tags ?? []).map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
      );
    case "assign":
      return (
        <NativeSelect
          label="Responsável"
          value={step.user_id ?? ""}
          onChange={(event) => set({ user_id: event.currentTarget.value || null })}
          data={[
            { value: "", label: "Quem tabulou" },
            ...(names?.members ?? []).map(({ user_id, name }) => ({ value: user_id, label: name })),
          ]}
        />
      );
    default:
      return null;
  }
}

function CallbackFields({ step, set }: { step: Step; set: (part: Partial<Step>) => void }): ReactNode {
  return (
    <>
      <SpanField
        label="Retorno daqui a"
        empty="na hora prometida"
        minutes={step.minutes ?? null}
        max={maxCallback}
        onChange={(minutes) => set({ minutes: minutes === 0 ? 1 : minutes })}
      />
      <NativeSelect
        label="De quem é o retorno"
        value={step.who ?? "personal"}
        onChange={(event) => set({ who: event.currentTarget.value as "personal" | "anyone" })}
        data={[
          { value: "personal", label: "De quem atendeu" },
          { value: "anyone", label: "De qualquer operador" },
        ]}
      />
      {step.who !== "anyone" && (
        <SpanField
          label="Vira de todos depois de"
          empty="o padrão"
          minutes={step.release_minutes ?? null}
          max={maxRelease}
          onChange={(release_minutes) => set({ release_minutes: release_minutes === 0 ? 1 : release_minutes })}
        />
      )}
      <p className={classes.note}>
        Fora do horário permitido, o retorno fica para o próximo momento em que se pode ligar.
      </p>
    </>
  );
}
