import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import classes from "./integrations.module.css";
import { type FormField, type Integration, integrationsKey, type SavedSecret, saveIntegration } from "./queries";
import { providerWords, wordsOf } from "./words";

interface FormProps {
  integration: Integration;
  /** With the webhook's key when it was made just now. */
  onSaved: (webhookKey: string | null) => void;
}

type Texts = Record<string, string>;

/** Why a value would be refused; undefined when it would not. */
function problemOf({ pattern, is_required }: FormField, text: string, isKept: boolean): string | undefined {
  if (text === "") return is_required && !isKept ? "Preencha este campo" : undefined;
  return new RegExp(pattern).test(text) ? undefined : "Este valor não tem a forma esperada";
}

export function IntegrationForm({ integration, onSaved }: FormProps): ReactNode {
  const { provider, fields, connected } = integration;
  const queryClient = useQueryClient();
  const [texts, setTexts] = useState<Texts>(connected?.settings ?? {});
  const [isTried, setIsTried] = useState(false);
  const saved = new Map(connected?.secrets.map((secret) => [secret.field, secret]));
  const typedIn = ({ field }: FormField): string => (texts[field] ?? "").trim();
  const problems = fields.map((field) => problemOf(field, typedIn(field), saved.has(field.field)));
  const given = (isSecret: boolean): Texts =>
    Object.fromEntries(
      fields
        .filter((field) => field.is_secret === isSecret && typedIn(field) !== "")
        .map((field) => [field.field, typedIn(field)]),
    );
  const save = useMutation({
    mutationFn: () => saveIntegration(provider, given(false), given(true)),
    onSuccess: async ({ webhook_key }) => {
      await queryClient.invalidateQueries({ queryKey: integrationsKey });
      onSaved(webhook_key);
    },
  });
  const { name } = providerWords(integration);
  return (
    <form
      className={classes.form}
      aria-label={`Dados de ${name}`}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setIsTried(true);
        if (problems.every((problem) => problem === undefined)) save.mutate();
      }}
    >
      <div className={classes.grid}>
        {fields.map((field, place) => (
          <One
            key={field.field}
            field={field}
            words={wordsOf(provider, field)}
            text={texts[field.field] ?? ""}
            saved={saved.get(field.field)}
            problem={isTried || texts[field.field] ? problems[place] : undefined}
            onChange={(text) => setTexts((known) => ({ ...known, [field.field]: text }))}
          />
        ))}
      </div>
      {save.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(save.error)}
        </p>
      )}
      <Button type="submit" size="compact-md" loading={save.isPending} className={classes.submit}>
        {connected ? `Salvar ${name}` : `Conectar ${name}`}
      </Button>
    </form>
  );
}

interface OneProps {
  field: FormField;
  words: ReturnType<typeof wordsOf>;
  text: string;
  saved: SavedSecret | undefined;
  problem: string | undefined;
  onChange: (text: string) => void;
}

function One({ field, words, text, saved, problem, onChange }: OneProps): ReactNode {
  const { label, help, placeholder, choices } = words;
  if (choices)
    return (
      <NativeSelect
        label={label}
        description={help}
        value={text || choices[0]?.value}
        data={choices}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  const shared = {
    label,
    required: field.is_required && !saved,
    description: saved ? [keptSince(saved), "Deixe vazio para manter."].join(" ") : help,
    placeholder: saved ? "••••••••" : placeholder,
    error: problem,
    maxLength: 500,
    autoComplete: "off",
    spellCheck: false,
    value: text,
    inputWrapperOrder: ["label", "input", "description", "error"] as ("label" | "input" | "description" | "error")[],
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  return <TextInput {...shared} {...(field.is_secret && { type: "password", autoComplete: "new-password" })} />;
}

function keptSince({ ends, at }: SavedSecret): string {
  return at ? `Guardada ${moment(at)}, termina em ${ends}.` : "Guardada.";
}
