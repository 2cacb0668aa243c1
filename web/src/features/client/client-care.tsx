import { NativeSelect } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
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
  return (
    <Panel title="Responsável e tags">
      <div className={`${classes.inset} ${classes.care}`}>
        {mayAssign ? (
          <NativeSelect
            aria-label="Responsável"
            value={assigned?.user_id ?? ""}
            disabled={change.isPending}
            onChange={(event) => {
              const userId = event.currentTarget.value || null;
              change.mutate(() => assignClient(client.id, userId));
            }}
            data={[
              { value: "", label: "Sem responsável" },
              ...members.map(({ user_id, name }) => ({ value: user_id, label: name })),
            ]}
          />
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
          <NativeSelect
            aria-label="Pôr uma tag"
            value=""
            disabled={change.isPending}
            onChange={(event) => {
              const tagId = event.currentTarget.value;
              if (tagId) change.mutate(() => addTag(client.id, tagId));
            }}
            data={[{ value: "", label: "Pôr uma tag…" }, ...free.map(({ id, name }) => ({ value: id, label: name }))]}
          />
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
