import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useDeferredValue, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { ErrorState, Skeleton } from "@/ui/states";
import { type Synced, syncTemplates, useTemplates, whatsappKey } from "./queries";
import { TemplateCard } from "./template-card";
import classes from "./whatsapp.module.css";
import { providerName, syncError } from "./words";

export function Templates(): ReactNode {
  const queryClient = useQueryClient();
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim());
  const { data, error, refetch } = useTemplates(search);
  const [open, setOpen] = useState<string | null>(null);
  const sync = useMutation({
    mutationFn: syncTemplates,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: whatsappKey }),
  });
  return (
    <div className={classes.body}>
      <div className={classes.bar}>
        <TextInput
          aria-label="Buscar modelo"
          placeholder="Buscar por nome ou texto"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button size="compact-md" loading={sync.isPending} onClick={() => sync.mutate()}>
          Sincronizar modelos
        </Button>
      </div>
      <div role="status">{sync.data && <Result synced={sync.data} />}</div>
      {sync.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(sync.error)}
        </p>
      )}
      {!data && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Waiting />)}
      {data?.rows.length === 0 && (
        <p className={classes.note}>
          {search
            ? "Nenhum modelo com estas palavras."
            : "Nenhum modelo ainda. Sincronize para trazer os que o provedor já aprovou."}
        </p>
      )}
      <ul aria-label="Modelos" className={classes.rows}>
        {data?.rows.map((template) => (
          <TemplateCard
            key={template.id}
            template={template}
            isOpen={open === template.id}
            onToggle={() => setOpen(open === template.id ? null : template.id)}
          />
        ))}
      </ul>
      {data?.has_more && <p className={classes.note}>Há mais modelos do que cabem aqui: busque pelo nome.</p>}
    </div>
  );
}

function Waiting(): ReactNode {
  return (
    <div aria-busy="true">
      <Skeleton width="100%" height={96} />
    </div>
  );
}

function Result({ synced }: { synced: Synced[] }): ReactNode {
  if (synced.length === 0)
    return <p className={classes.note}>Nenhum provedor de WhatsApp ligado. Conecte um em Integrações.</p>;
  return (
    <ul className={classes.synced}>
      {synced.map(({ provider, error, listed = 0, gone = 0, accounts = [] }) => (
        <li key={provider} data-tone={error ? "bad" : "good"}>
          {providerName(provider)}:{" "}
          {error && `${accounts.length > 0 ? `a conta ${accounts.join(", ")} ` : ""}${syncError(error)}. `}
          {error && listed === 0 ? "Nada mudou." : plural(listed, "modelo conferido", "modelos conferidos")}
          {gone > 0 && `; ${plural(gone, "não existe mais lá", "não existem mais lá")}`}
        </li>
      ))}
    </ul>
  );
}
