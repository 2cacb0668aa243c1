import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import classes from "./integrations.module.css";
import { type Connected, integrationsKey, type Provider, testIntegration } from "./queries";
import { verdictWords } from "./words";

interface TestProps {
  provider: Provider;
  name: string;
  connected: Connected;
}

/** One harmless question with what is saved, and the answer in plain words. */
export function ConnectionTest({ provider, name, connected }: TestProps): ReactNode {
  const queryClient = useQueryClient();
  const test = useMutation({
    mutationFn: () => testIntegration(provider),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: integrationsKey }),
  });
  const told = test.data && verdictWords(test.data.verdict);
  const before = connected.test_verdict && connected.tested_at ? verdictWords(connected.test_verdict) : null;
  return (
    <div className={classes.test}>
      <Button
        size="compact-sm"
        loading={test.isPending}
        aria-label={`Testar conexão: ${name}`}
        onClick={() => test.mutate()}
      >
        Testar conexão
      </Button>
      <div role="status" className={classes.verdict}>
        {told && test.data && (
          <p data-tone={told.tone}>
            {told.text}
            {test.data.detail && <small>Resposta do provedor: {test.data.detail}</small>}
          </p>
        )}
        {!told && before && connected.tested_at && (
          <p className={classes.note}>
            Testado {moment(connected.tested_at)}: {before.text}
          </p>
        )}
      </div>
      {test.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(test.error)}
        </p>
      )}
    </div>
  );
}
