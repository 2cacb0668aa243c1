import { Button, NativeSelect } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { useHasRole } from "@/lib/session";
import { Panel } from "@/ui/panel";
import classes from "./client-page.module.css";
import { addTag, assignClient, type ProfileClient, removeTag, useProfileOptions } from "./queries";

/** Who looks after this client, and its tags. */
export function ClientCare({ client }: { client: ProfileClient }): ReactNode {
  const { data: options } = useProfileOptions();
  const mayAssign = useHasRole("supervisor");
  const queryClient = useQueryClient();
  const change = useMutation({
    mutationFn: (act: () => Promise<void>) => act(),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["client", client.document] });
      await queryClient.invalidateQueries({ queryKey: ["portfolio"] });
    },
  });
  const free = options?.tags.filter(({ id }) => !client.tags.some((tag) => tag.id === id)) ?? [];
  const members = options?.members ?? [];
  const assigned = client.assigned_to;
  const assignedId = assigned?.user_id ?? "";
  // Chosen here, done by the button: arrows walk through a closed list, and each step would be a deed.
  const [owner, setOwner] = useState<string | null>(null);
  const [tagId, setTagId] = useState("");
  const tag = free.find(({ id }) => id === tagId);
  return (
    <Panel title="Responsável e tags">
      <div className={`${classes.inset} ${classes.care}`}>
        {mayAssign ? (
          <form
            className={classes.choice}
            onSubmit={(event) => {
              event.preventDefault();
              const userId = owner ?? assignedId;
              if (userId !== assignedId && !change.isPending)
                change.mutate(() => assignClient(client.id, userId || null), { onSuccess: () => setOwner(null) });
            }}
          >
            <NativeSelect
              aria-label="Responsável"
              value={owner ?? assignedId}
              onChange={(event) => setOwner(event.currentTarget.value)}
              data={[
                { value: "", label: "Sem responsável" },
                ...members.map(({ user_id, name }) => ({ value: user_id, label: name })),
              ]}
            />
            <Button type="submit" variant="default" aria-disabled={change.isPending}>
              Atribuir
            </Button>
          </form>
        ) : (
          <span>{assigned?.name ?? "Sem responsável"}</span>
        )}
        <ul className={classes.tags} aria-label="Tags">
          {client.tags.map((tag) => (
            <li key={tag.id} style={{ color: `var(--ink-${tag.color}, inherit)` }}>
              {tag.name}
              <button
                type="button"
                aria-label={`Tirar a tag ${tag.name}`}
                onClick={() => change.mutate(() => removeTag(client.id, tag.id))}
              >
                <IconX size={12} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
        {free.length > 0 && (
          <form
            className={classes.choice}
            onSubmit={(event) => {
              event.preventDefault();
              if (tag && !change.isPending)
                change.mutate(() => addTag(client.id, tag.id), { onSuccess: () => setTagId("") });
            }}
          >
            <NativeSelect
              aria-label="Tag a pôr"
              value={tag?.id ?? ""}
              onChange={(event) => setTagId(event.currentTarget.value)}
              data={[
                { value: "", label: "Escolha uma tag" },
                ...free.map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
            <Button type="submit" variant="default" aria-disabled={change.isPending}>
              Pôr a tag
            </Button>
          </form>
        )}
        {change.error && (
          <p role="alert" className={classes.warn}>
            {sentenceFor(change.error)}
          </p>
        )}
      </div>
    </Panel>
  );
}
