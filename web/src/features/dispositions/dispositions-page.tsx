import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { ErrorState, PageSkeleton } from "@/ui/states";
import classes from "./dispositions.module.css";
import { catalogueKey, type DispositionRow, deleteType, orderTypes, useCatalogue } from "./queries";
import { TypeForm } from "./type-form";
import { TypeRow } from "./type-row";

/** The outcomes that operators press: what they are called, and what each one means to rules and numbers. */
export function DispositionsPage(): ReactNode {
  return (
    <SettingsRoom title="Tabulações" room="dispositions">
      <Catalogue />
    </SettingsRoom>
  );
}

const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9];

function Catalogue(): ReactNode {
  const { tenant } = useMember();
  const queryClient = useQueryClient();
  const { data, error, refetch } = useCatalogue();
  const [edited, setEdited] = useState<DispositionRow | "new" | null>(null);
  useLiveQueries(`tenant:${tenant.id}`, [catalogueKey], (event) =>
    event === "settings_changed" ? [catalogueKey] : [],
  );
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: catalogueKey });
  const order = useMutation({ mutationFn: orderTypes, onSettled: again });
  const remove = useMutation({ mutationFn: deleteType, onSettled: again });
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;

  const { types, rules } = data;
  const busy = order.isPending || remove.isPending;
  const swap = (at: number, other: number): void => {
    const keys = types.map(({ key }) => key);
    const [one, two] = [keys[at], keys[other]];
    if (one === undefined || two === undefined) return;
    keys[at] = two;
    keys[other] = one;
    order.mutate(keys);
  };
  const own = edited === null || edited === "new" ? null : edited;
  const taken = new Set(types.filter((type) => type.is_active && type.key !== own?.key).map(({ hotkey }) => hotkey));
  const problem = order.error ?? remove.error;
  return (
    <Panel title="Tabulações" aside={`${types.filter((type) => type.is_active).length} na tela do operador`}>
      <div className={classes.body}>
        <p className={classes.note}>
          Regras, painel, histórico e discador guardam o resultado, não o nome: mudar o nome, a cor ou a tecla não
          quebra nada. O que se muda aqui aparece na hora na tela de quem atende.
        </p>
        <ol aria-label="Tabulações" className={classes.rows}>
          {types.map((type, at) =>
            own?.key === type.key ? (
              <li key={type.key}>
                <TypeForm
                  type={type}
                  freeKeys={digits.filter((digit) => !taken.has(digit))}
                  onClose={() => setEdited(null)}
                />
              </li>
            ) : (
              <TypeRow
                key={type.key}
                type={type}
                rules={rules.filter(({ disposition_type }) => disposition_type === type.key)}
                busy={busy}
                onUp={at > 0 ? () => swap(at, at - 1) : null}
                onDown={at < types.length - 1 ? () => swap(at, at + 1) : null}
                onEdit={() => setEdited(type)}
                onDelete={() => {
                  if (window.confirm(`Excluir ${type.label}? Só dá para excluir o que nunca foi usado.`))
                    remove.mutate(type.key);
                }}
              />
            ),
          )}
        </ol>
        {problem && (
          <p role="alert" className={classes.error}>
            {sentenceFor(problem)}
          </p>
        )}
        {edited === "new" ? (
          <TypeForm
            type={null}
            freeKeys={digits.filter((digit) => !taken.has(digit))}
            onClose={() => setEdited(null)}
          />
        ) : (
          <Button size="compact-sm" variant="default" className={classes.start} onClick={() => setEdited("new")}>
            Novo resultado
          </Button>
        )}
      </div>
    </Panel>
  );
}
