import { Button, NativeSelect } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { roleNames } from "@/lib/session";
import classes from "./bulk-dialog.module.css";
import { assign, useFilterOptions } from "./queries";
import type { Selection } from "./selection";
import { useBulk } from "./use-bulk";

/** Nobody, said on purpose; nothing is chosen at first. */
const nobody = "nobody";

interface AssignFormProps {
  selection: Selection;
  /** What the preview says of whoever is chosen; false until it is there. */
  mayAssign: boolean;
  /** A colleague, or null: whom the preview is for. */
  onChoose: (userId: string | null) => void;
  onClose: () => void;
}

export function AssignForm({ selection, mayAssign, onChoose, onClose }: AssignFormProps): ReactNode {
  const { data: options } = useFilterOptions();
  const [userId, setUserId] = useState("");
  const { mutate, isPending, error } = useBulk(
    () => assign(selection, userId === nobody ? null : userId),
    ({ changed, hidden }) =>
      `${plural(changed, "cliente mudou", "clientes mudaram")} de responsável.` +
      (hidden > 0 ? ` ${plural(hidden, "ficou", "ficaram")} de fora: ${reasonSentence("assignee_limited")}.` : ""),
    onClose,
  );
  return (
    <form
      className={classes.body}
      onSubmit={(event) => {
        event.preventDefault();
        mutate(undefined);
      }}
    >
      <NativeSelect
        label="Responsável"
        required
        value={userId}
        onChange={({ currentTarget: { value } }) => {
          setUserId(value);
          onChoose(value === nobody ? null : value || null);
        }}
        data={[
          { value: "", label: "Escolha quem fica responsável" },
          { value: nobody, label: "Ninguém (tirar o responsável)" },
          ...(options?.members ?? []).map(({ user_id, name, role }) => ({
            value: user_id,
            label: `${name} · ${roleNames[role]}`,
          })),
        ]}
      />
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      <div className={classes.actions}>
        <Button variant="default" onClick={onClose}>
          Cancelar
        </Button>
        <Button type="submit" loading={isPending} disabled={!(userId && mayAssign)}>
          {userId === nobody ? "Tirar responsável" : "Atribuir"}
        </Button>
      </div>
    </form>
  );
}
