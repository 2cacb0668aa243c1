import { Button } from "@mantine/core";
import { type ReactNode, Suspense, useState } from "react";
import { onDemand } from "@/lib/later";
import { useHasRole } from "@/lib/session";
import { Panel } from "@/ui/panel";
import classes from "./client-page.module.css";
import { extraText } from "./extra-text";
import type { ProfileClient } from "./queries";

const ExtraDialog = onDemand(
  () => import("./extra-dialog"),
  (m) => m.ExtraDialog,
);

/** Columns of the files that are none of ours, kept under their own names. */
export function ClientExtra({ client }: { client: ProfileClient }): ReactNode {
  const mayEdit = useHasRole("supervisor");
  const [editing, setEditing] = useState(false);
  const extra = Object.entries(client.extra ?? {});
  return (
    <Panel
      title="Dados extras"
      aside={
        mayEdit && (
          <Button size="compact-sm" variant="subtle" onClick={() => setEditing(true)}>
            Editar dados extras
          </Button>
        )
      }
    >
      {extra.length === 0 ? (
        <p className={`${classes.inset} ${classes.faint}`}>Os arquivos não trouxeram outras colunas.</p>
      ) : (
        <dl className={`${classes.inset} ${classes.facts}`}>
          {extra.map(([title, value]) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{extraText(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      {editing && (
        <Suspense fallback={null}>
          <ExtraDialog client={client} onClose={() => setEditing(false)} />
        </Suspense>
      )}
    </Panel>
  );
}
