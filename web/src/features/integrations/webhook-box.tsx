import { Button, CopyButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import classes from "./integrations.module.css";
import { KeyDialog } from "./key-dialog";
import { type Connected, integrationsKey, type Provider, rotateKey } from "./queries";
import type { ProviderWords } from "./words";

interface BoxProps {
  provider: Provider;
  words: ProviderWords;
  connected: Connected;
  /** The key, in the only moment in which anybody can read it. */
  freshKey: string | null;
  onFresh: (key: string | null) => void;
}

/** The address the provider calls. Its key is shown when it is made; afterwards only a new one can be had. */
export function WebhookBox({ provider, words, connected, freshKey, onFresh }: BoxProps): ReactNode {
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const { name, webhook, where } = words;
  const rotate = useMutation({
    mutationFn: (endsOldNow: boolean) => rotateKey(provider, endsOldNow),
    onSuccess: async ({ webhook_key }) => {
      onFresh(webhook_key);
      setIsAsking(false);
      await queryClient.invalidateQueries({ queryKey: integrationsKey });
    },
  });
  return (
    <section className={classes.webhook} aria-label={`Webhook: ${name}`}>
      <h3>Endereço do webhook</h3>
      <code data-fresh={freshKey !== null || undefined}>{webhook(freshKey ?? "••••••••")}</code>
      <div role="status">{freshKey && <p className={classes.fresh}>Copie agora: a chave não aparece de novo.</p>}</div>
      <p className={classes.note}>{where}</p>
      {connected.previous_key_until && (
        <p className={classes.note} data-strong>
          O endereço anterior ainda vale até {moment(connected.previous_key_until)}. Troque lá no provedor antes disso.
        </p>
      )}
      <div className={classes.buttons}>
        {freshKey && (
          <CopyButton value={webhook(freshKey)}>
            {({ copied, copy }) => (
              <Button
                size="compact-sm"
                aria-label={`${copied ? "Copiado" : "Copiar endereço"}: webhook ${name}`}
                onClick={copy}
              >
                {copied ? "Copiado" : "Copiar endereço"}
              </Button>
            )}
          </CopyButton>
        )}
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Gerar outra chave do webhook: ${name}`}
          onClick={() => setIsAsking(true)}
        >
          Gerar outra chave
        </Button>
      </div>
      {rotate.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(rotate.error)}
        </p>
      )}
      {isAsking && (
        <KeyDialog
          name={name}
          isPending={rotate.isPending}
          onClose={() => setIsAsking(false)}
          onConfirm={(endsOldNow) => rotate.mutate(endsOldNow)}
        />
      )}
    </section>
  );
}
