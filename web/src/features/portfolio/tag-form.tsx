import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type ReactNode, useRef, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import classes from "./bulk-dialog.module.css";
import { createTag, tagClients, useFilterOptions } from "./queries";
import type { Selection } from "./selection";
import { useBulk } from "./use-bulk";

const colors = ["gray", "blue", "green", "teal", "violet", "orange", "red", "yellow"] as const;
const newTag = "new";

export function TagForm({ selection, onClose }: { selection: Selection; onClose: () => void }): ReactNode {
  const { data: options } = useFilterOptions();
  const tags = options?.tags ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const [name, setName] = useState("");
  const tagId = chosen ?? tags[0]?.id ?? newTag;
  const creates = tagId === newTag;
  // Trying again after a tag was made but not put must not meet its own name.
  const made = useRef(new Map<string, string>());
  const tagNamed = async (wanted: string): Promise<string> => {
    const id = made.current.get(wanted) ?? (await createTag(wanted, colors[tags.length % colors.length] ?? "gray")).id;
    made.current.set(wanted, id);
    return id;
  };
  const { mutate, isPending, error } = useBulk(
    async (remove: boolean) => {
      const id = creates ? await tagNamed(name.trim()) : tagId;
      return tagClients(selection, id, remove);
    },
    ({ changed }) => `${plural(changed, "cliente mudou", "clientes mudaram")} de tag.`,
    onClose,
  );
  return (
    <form
      className={classes.body}
      onSubmit={(event) => {
        event.preventDefault();
        mutate(false);
      }}
    >
      <NativeSelect
        label="Tag"
        value={tagId}
        onChange={(event) => setChosen(event.currentTarget.value)}
        data={[...tags.map((tag) => ({ value: tag.id, label: tag.name })), { value: newTag, label: "Nova tag…" }]}
      />
      {creates && (
        <TextInput
          label="Nome da tag"
          required
          maxLength={40}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      <div className={classes.actions}>
        {!creates && (
          <Button variant="default" disabled={isPending} onClick={() => mutate(true)}>
            Tirar a tag
          </Button>
        )}
        <Button type="submit" loading={isPending} disabled={creates && name.trim() === ""}>
          Pôr a tag
        </Button>
      </div>
    </form>
  );
}
