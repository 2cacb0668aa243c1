import { Button, Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import "@/ui/dialog-styles";
import { restoreVersion, type SettingsRoomName, useVersions, type Version } from "@/lib/settings-versions";
import { ShowMore } from "@/ui/show-more";
import { Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { fields } from "./fields";
import classes from "./history.module.css";
import { deed, valueText } from "./words";

/** Every change of a room's settings: who, when, what became of what, and the way back. */
export function SettingsHistory({ room, onClose }: { room: SettingsRoomName; onClose: () => void }): ReactNode {
  const pages = useVersions(room);
  const { data: versions, error } = pages;
  const queryClient = useQueryClient();
  const [asked, setAsked] = useState<number | null>(null);
  const restore = useMutation({
    mutationFn: restoreVersion,
    onSuccess: async () => {
      setAsked(null);
      // Any form behind the dialog may show what has just changed.
      await queryClient.invalidateQueries();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Histórico de mudanças" size="lg" transitionProps={{ duration: 0 }}>
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      {restore.isSuccess && (
        <p role="status" className={classes.good}>
          Restaurado. A volta também ficou registrada aqui.
        </p>
      )}
      {!versions && !error && <Skeleton width="100%" height={160} />}
      {versions?.length === 0 && <p className={classes.faint}>Nada mudou por aqui ainda.</p>}
      <ol className={classes.list} aria-label="Mudanças">
        {versions?.map((version) => (
          <li key={version.id}>
            <Head version={version} />
            <Changes version={version} />
            {version.can_restore && asked !== version.id && (
              <Button
                size="compact-xs"
                variant="default"
                onClick={() => {
                  restore.reset();
                  setAsked(version.id);
                }}
              >
                {version.action === "delete" ? "Trazer de volta" : "Restaurar esta versão"}
              </Button>
            )}
            {asked === version.id && (
              <div className={classes.ask}>
                <p>{consequence(version)}</p>
                {restore.error && (
                  <p role="alert" className={classes.error}>
                    {sentenceFor(restore.error)}
                  </p>
                )}
                <div className={classes.buttons}>
                  <Button size="compact-sm" loading={restore.isPending} onClick={() => restore.mutate(version.id)}>
                    Restaurar
                  </Button>
                  <Button size="compact-sm" variant="default" onClick={() => setAsked(null)}>
                    Voltar
                  </Button>
                </div>
              </div>
            )}
          </li>
        ))}
      </ol>
      <ShowMore of={pages}>Mostrar mais antigas</ShowMore>
    </Modal>
  );
}

function consequence({ table, action, at }: Version): string {
  if (action === "delete") return "O que foi excluído volta como era, se ainda for válido.";
  if (table === "agreement_policies")
    return "Vale para os acordos feitos a partir de agora; os que correm ficam como foram feitos.";
  if (table === "charge_policies" || table === "rate_cards" || table === "cost_rates")
    return "Vale a partir de hoje, como uma nova versão.";
  if (table === "automation_policies")
    return "O tempo para desfazer volta. O que está parado ou ligado fica como está.";
  if (table === "integrations") return "Os dados da conta voltam. As chaves guardadas no cofre ficam como estão.";
  return `Fica como estava depois desta mudança (${moment(at)}), se ainda for válido.`;
}

function Head({ version }: { version: Version }): ReactNode {
  return (
    <p>
      <strong>{deed(version.table, version.action)}</strong>
      {version.title && <> · {valueText(titleField(version.table), titleValue(version))}</>}{" "}
      {version.is_current && <Tag tone="good">vale agora</Tag>}
      <span className={classes.faint}>
        {" "}
        <time dateTime={version.at}>{moment(version.at)}</time> · {version.actor ?? "sistema"}
      </span>
    </p>
  );
}

/** The one title that is a number in a word's place. */
function titleField(table: string): string {
  return table === "tenant_calling_windows" ? "weekday" : "title";
}

function titleValue({ table, title }: Version): unknown {
  return table === "tenant_calling_windows" ? Number(title) : title;
}

/** A new row names every field: told behind a click, because nothing was before it. */
function Changes({ version: { action, changes } }: { version: Version }): ReactNode {
  const told = changes.filter(({ field }) => field in fields);
  const list = (
    <ul>
      {told.map(({ field, from, to }) => (
        <li key={field}>
          {fields[field]}: {from !== null && <span className={classes.was}>{valueText(field, from)}</span>}
          {from !== null && action !== "delete" && " → "}
          {action !== "delete" && <span className={classes.became}>{valueText(field, to)}</span>}
        </li>
      ))}
    </ul>
  );
  if (action === "update" || changes.some(({ from }) => from !== null && action === "insert")) return list;
  return (
    <details>
      <summary>Ver os campos ({told.length})</summary>
      {list}
    </details>
  );
}
