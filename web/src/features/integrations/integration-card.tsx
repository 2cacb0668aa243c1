import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { Panel } from "@/ui/panel";
import { Tag } from "@/ui/tag";
import { ConnectionTest } from "./connection-test";
import { IntegrationForm } from "./integration-form";
import classes from "./integrations.module.css";
import { type Connected, type Integration, integrationsKey, setActive } from "./queries";
import { WebhookBox } from "./webhook-box";
import { providerWords } from "./words";

export function IntegrationCard({ integration }: { integration: Integration }): ReactNode {
  const { provider, connected } = integration;
  const words = providerWords(integration);
  const [isOpen, setIsOpen] = useState(false);
  const [freshKey, setFreshKey] = useState<string | null>(null);
  return (
    <Panel title={words.name} aside={<State connected={connected} />}>
      <div className={classes.card}>
        <p className={classes.note}>{words.what}</p>
        {connected && <Signs connected={connected} />}
        {(isOpen || !connected) && (
          <IntegrationForm
            integration={integration}
            onSaved={(key) => {
              if (key) setFreshKey(key);
              setIsOpen(false);
            }}
          />
        )}
        {connected && (
          <>
            <div className={classes.buttons}>
              <Button
                variant="default"
                size="compact-sm"
                aria-expanded={isOpen}
                aria-label={isOpen ? `Fechar os dados: ${words.name}` : `Alterar dados: ${words.name}`}
                onClick={() => setIsOpen(!isOpen)}
              >
                {isOpen ? "Fechar" : "Alterar dados"}
              </Button>
              <Switch connected={connected} name={words.name} />
            </div>
            <ConnectionTest provider={provider} name={words.name} connected={connected} />
            <WebhookBox
              provider={provider}
              words={words}
              connected={connected}
              freshKey={freshKey}
              onFresh={setFreshKey}
            />
          </>
        )}
      </div>
    </Panel>
  );
}

function State({ connected }: { connected: Connected | null }): ReactNode {
  if (!connected) return <Tag>não conectado</Tag>;
  if (!connected.is_active) return <Tag tone="warn">desligado</Tag>;
  if (connected.failing_since) return <Tag tone="bad">com falha</Tag>;
  if (connected.silent_since) return <Tag tone="warn">em silêncio</Tag>;
  return <Tag tone="good">ligado</Tag>;
}

/** What it last told us, and what is wrong with it. */
function Signs({ connected }: { connected: Connected }): ReactNode {
  const { last_event_at, silent_since, failing_since, failure_detail, paused_until } = connected;
  return (
    <ul className={classes.signs}>
      <li>{last_event_at ? `Último aviso recebido ${moment(last_event_at)}` : "Nenhum aviso recebido ainda"}</li>
      {silent_since && (
        <li data-tone="warn">
          Alarme de silêncio: deveria ter avisado desde {moment(silent_since)} e não avisou. Confira o endereço do
          webhook lá no provedor.
        </li>
      )}
      {failing_since && (
        <li data-tone="bad">
          Falha desde {moment(failing_since)}: {failure_detail ?? "o provedor recusa tudo"}
        </li>
      )}
      {paused_until && <li data-tone="warn">O provedor pediu pausa até {moment(paused_until)}</li>}
    </ul>
  );
}

function Switch({ connected, name }: { connected: Connected; name: string }): ReactNode {
  const queryClient = useQueryClient();
  const { id, is_active } = connected;
  const change = useMutation({
    mutationFn: () => setActive(id, !is_active),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: integrationsKey }),
  });
  const ask = (): void => {
    const question = `Desligar ${name}? Nada mais sai por ele até ligar de novo; o que chegar continua guardado.`;
    if (!is_active || window.confirm(question)) change.mutate();
  };
  return (
    <>
      <Button
        variant={is_active ? "subtle" : "filled"}
        {...(is_active && { color: "red" })}
        size="compact-sm"
        loading={change.isPending}
        aria-label={is_active ? `Desligar ${name}` : `Ligar ${name}`}
        onClick={ask}
      >
        {is_active ? "Desligar" : "Ligar"}
      </Button>
      {change.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(change.error)}
        </p>
      )}
    </>
  );
}
