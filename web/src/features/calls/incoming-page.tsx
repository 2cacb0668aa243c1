import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Redirect, useLocation, useSearchParams } from "wouter";
import { sentenceFor } from "@/lib/errors";
import { documentNumber, phone as formatPhone } from "@/lib/format";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { ErrorState, PageSkeleton } from "@/ui/states";
import classes from "./calls.module.css";
import {
  createForCall,
  disposeCall,
  findForCall,
  linkCall,
  openCallsKey,
  useClientSearch,
  useOpenCalls,
  useOutcomes,
} from "./queries";
import type { ClientHit } from "./shapes";

/** A typist's pause between two keys. */
const typingPauseMs = 180;

/** /atendimento?identifier=…&phone=… (the dialer's own link) and ?ligacao=… (ours): to the client, or to whoever it may be. */
export function IncomingPage(): ReactNode {
  useDocumentTitle("Ligação");
  const [params] = useSearchParams();
  const calls = useOpenCalls();
  const callId = params.get("ligacao");
  const named = calls.data?.find(({ id }) => id === callId);
  const identifier = params.get("identifier") ?? "";
  const phone = params.get("phone") ?? named?.phone ?? "";
  const target = useQuery({
    queryKey: ["dialer-target", identifier, phone],
    queryFn: () => findForCall(identifier, phone),
    enabled: calls.isFetched,
  });
  // The call of a link without one, or of whoever came here by the navigation: the newest that is nobody's.
  const call =
    named ??
    calls.data?.find((open) =>
      target.data?.phone ? open.phone === target.data.phone : !phone && !identifier && open.client_id === null,
    );
  const clientId = named?.client_id ?? target.data?.client_id;
  if (clientId) return <Redirect to={`/atendimento/${clientId}`} replace />;
  if (target.error) return <ErrorState error={target.error} onRetry={() => void target.refetch()} />;
  if (!target.data) return <PageSkeleton />;
  const number = target.data.phone ?? call?.phone ?? null;
  return (
    <div className={classes.page}>
      <h1>De quem é esta ligação?</h1>
      <p className={classes.faint}>
        {number ? `O número ${formatPhone(number)} ` : identifier ? `O código ${identifier} ` : "Este número "}
        {target.data.candidates.length > 1 ? "é de mais de uma pessoa." : "não é de ninguém da carteira."}
      </p>
      <Candidates callId={call?.id} suggested={target.data.candidates} />
      <NewClient callId={call?.id ?? null} phone={number} />
      {call && <Unidentified callId={call.id} />}
    </div>
  );
}

function Candidates({ callId, suggested }: { callId: string | undefined; suggested: ClientHit[] }): ReactNode {
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed, typingPauseMs);
  const { data: found } = useClientSearch(q);
  const [, navigate] = useLocation();
  const link = useMutation({
    mutationFn: async (id: string) => (callId ? linkCall(callId, id) : undefined),
    onSuccess: (_call, id) => navigate(`/atendimento/${id}`, { replace: true }),
  });
  return (
    <Panel title="Procurar na carteira">
      <div className={classes.form}>
        <TextInput
          label="Nome, documento, telefone ou contrato"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          data-autofocus
          autoFocus
        />
        <ul className={classes.hits} aria-label="Pessoas encontradas">
          {(q.trim() ? (found ?? []) : suggested).map((hit) => (
            <li key={hit.id}>
              <Button variant="default" fullWidth justify="start" onClick={() => link.mutate(hit.id)}>
                {hit.name} <span className={classes.faint}>&nbsp;{documentNumber(hit.document)}</span>
              </Button>
            </li>
          ))}
        </ul>
        {q.trim() && found?.length === 0 && <p className={classes.faint}>Ninguém encontrado.</p>}
        {link.error && <p role="alert">{sentenceFor(link.error)}</p>}
      </div>
    </Panel>
  );
}

function NewClient({ callId, phone }: { callId: string | null; phone: string | null }): ReactNode {
  const [document, setDocument] = useState("");
  const [name, setName] = useState("");
  const [, navigate] = useLocation();
  const create = useMutation({
    mutationFn: () => createForCall({ callId, document, name, phone }),
    onSuccess: (call) => navigate(`/atendimento/${call.client_id}`, { replace: true }),
  });
  return (
    <Panel title="Ou cadastrar">
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput label="CPF ou CNPJ" required value={document} onChange={(e) => setDocument(e.currentTarget.value)} />
        <TextInput label="Nome" required value={name} onChange={(e) => setName(e.currentTarget.value)} />
        {create.error && <p role="alert">{sentenceFor(create.error)}</p>}
        <Button type="submit" loading={create.isPending}>
          Cadastrar e atender
        </Button>
      </form>
    </Panel>
  );
}

/** Nobody said who it was: the call is still told apart at the dialer, and no client's history is touched. */
function Unidentified({ callId }: { callId: string }): ReactNode {
  const { data: outcomes } = useOutcomes();
  const [, navigate] = useLocation();
  const queryClient = useQueryClient();
  const dispose = useMutation({
    mutationFn: (type: string) => disposeCall(callId, type),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: openCallsKey });
      navigate("/carteira");
    },
  });
  // A promise and an offer are somebody's.
  const without = outcomes?.filter((type) => !type.is_callback && !type.opens_negotiation) ?? [];
  return (
    <Panel title="Ou tabular sem identificar">
      <div className={classes.form}>
        <p className={classes.faint}>
          A ligação é encerrada no discador com este resultado, sem entrar no histórico de ninguém.
        </p>
        <div className={classes.outcomes}>
          {without.map(({ key, label }) => (
            <Button key={key} variant="default" disabled={dispose.isPending} onClick={() => dispose.mutate(key)}>
              {label}
            </Button>
          ))}
        </div>
        {dispose.error && <p role="alert">{sentenceFor(dispose.error)}</p>}
      </div>
    </Panel>
  );
}
