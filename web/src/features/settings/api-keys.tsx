import { Button, CopyButton, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { type ApiKey, createApiKey, revokeApiKey, useApiKeys } from "./queries";
import classes from "./settings-page.module.css";

export function ApiKeys(): ReactNode {
  const keys = useApiKeys();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["api-keys"] });
  const create = useMutation({
    mutationFn: () => createApiKey(name.trim()),
    onSuccess: async () => {
      setName("");
      await again();
    },
  });
  const revoke = useMutation({ mutationFn: revokeApiKey, onSuccess: again });
  const fresh = keys.data?.some(({ id, revoked_at }) => id === create.data?.id && revoked_at) ? null : create.data;
  const error = create.error ?? revoke.error ?? keys.error;
  const end = ({ id, name: known }: ApiKey): void => {
    if (window.confirm(`Revogar a chave ${known}? O sistema que a usa para de enviar na hora.`)) revoke.mutate(id);
  };
  return (
    <div className={classes.keys}>
      <p className={classes.note}>
        Com uma chave, o sistema de um credor envia a carteira direto para a importação. Ela não abre mais nada.
      </p>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput
          label="Nome da chave"
          placeholder="ERP do Banco Aurora"
          required
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
          Criar chave
        </Button>
      </form>
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      {fresh && (
        <div role="status" className={classes.fresh}>
          <p>Copie a chave agora: ela não aparece de novo.</p>
          <code>{fresh.key}</code>
          <CopyButton value={fresh.key}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" onClick={copy}>
                {copied ? "Copiada" : "Copiar"}
              </Button>
            )}
          </CopyButton>
        </div>
      )}
      {keys.isPending && <Skeleton width="100%" height={38} />}
      {keys.data?.length === 0 && <p className={classes.note}>Nenhuma chave ainda.</p>}
      <ul aria-label="Chaves">
        {keys.data?.map((key) => (
          <li key={key.id} className={classes.row}>
            <span>
              <strong>{key.name}</strong> <code>{key.prefix}…</code>
              <span className={classes.note}>
                {" "}
                criada {moment(key.created_at)} ·{" "}
                {key.last_used_at ? `usada ${moment(key.last_used_at)}` : "nunca usada"}
              </span>
            </span>
            {key.revoked_at ? (
              <Tag>revogada {moment(key.revoked_at)}</Tag>
            ) : (
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                aria-label={`Revogar ${key.name}`}
                disabled={revoke.isPending}
                onClick={() => end(key)}
              >
                Revogar
              </Button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
