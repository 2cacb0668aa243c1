import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type CSSProperties, type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "./dispositions.module.css";
import { catalogueKey, type DispositionRow, type Fields, saveType } from "./queries";
import { colors, meanings, newType } from "./words";

interface TypeFormProps {
  /** Null: a new one. */
  type: DispositionRow | null;
  freeKeys: number[];
  onClose: () => void;
}

export function TypeForm({ type, freeKeys, onClose }: TypeFormProps): ReactNode {
  const queryClient = useQueryClient();
  const [fields, setFields] = useState<Fields>(() => {
    if (!type) return newType;
    const { key: _key, position: _position, ...known } = type;
    return known;
  });
  const change = (part: Partial<Fields>): void => setFields((was) => ({ ...was, ...part }));
  const save = useMutation({
    mutationFn: () => saveType(type?.key ?? null, { ...fields, label: fields.label.trim() }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: catalogueKey });
      onClose();
    },
  });
  return (
    <form
      className={classes.form}
      aria-label={type ? `Alterar ${type.label}` : "Novo resultado"}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <div className={classes.grid}>
        <TextInput
          label="Nome no botão"
          placeholder="Sem interesse"
          required
          maxLength={40}
          data-autofocus
          value={fields.label}
          onChange={(event) => change({ label: event.currentTarget.value })}
        />
        <NativeSelect
          label="Tecla"
          value={fields.hotkey ?? ""}
          data={[
            { value: "", label: "Nenhuma, só o mouse" },
            ...freeKeys.map((digit) => ({ value: String(digit), label: String(digit) })),
          ]}
          onChange={(event) => change({ hotkey: event.currentTarget.value ? Number(event.currentTarget.value) : null })}
        />
        <NativeSelect
          label="Cor"
          value={fields.color}
          data={colors}
          onChange={(event) => change({ color: event.currentTarget.value })}
        />
      </div>
      <fieldset className={classes.meanings}>
        <legend>O que este resultado quer dizer</legend>
        {meanings.map(({ field, label, hint }) => (
          <label key={field}>
            <input
              type="checkbox"
              checked={fields[field]}
              onChange={({ currentTarget: { checked } }) =>
                change({
                  [field]: checked,
                  // Nobody is the right person without answering.
                  ...(field === "right_party" && checked && { human_answered: true }),
                  ...(field === "human_answered" && !checked && { right_party: false }),
                })
              }
            />
            <span>
              {label} <small>{hint}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <label className={classes.check}>
        <input
          type="checkbox"
          checked={fields.is_active}
          onChange={(event) => change({ is_active: event.currentTarget.checked })}
        />
        Aparece na tela do operador
      </label>
      <p className={classes.note}>
        Na tela: <Face color={fields.color} hotkey={fields.hotkey} label={fields.label || "Nome no botão"} />
      </p>
      {save.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(save.error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button type="submit" size="compact-md" loading={save.isPending} disabled={fields.label.trim() === ""}>
          Salvar resultado
        </Button>
        <Button size="compact-md" variant="default" onClick={onClose}>
          Voltar
        </Button>
      </div>
    </form>
  );
}

/** A type as the operator's button shows it. */
export function Face({ color, hotkey, label }: Pick<Fields, "color" | "hotkey" | "label">): ReactNode {
  return (
    <span className={classes.face} style={{ "--ink": `var(--ink-${color}, var(--muted))` } as CSSProperties}>
      <span className={classes.digit}>{hotkey ?? "·"}</span>
      {label}
    </span>
  );
}
