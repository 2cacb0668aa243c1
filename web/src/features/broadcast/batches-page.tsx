import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { ShowMore } from "@/ui/show-more";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { BatchLine, focusFirstLine, moveBetweenLines } from "./batch-line";
import lines from "./batches.module.css";
import classes from "./broadcast.module.css";
import { PausedSenders } from "./paused-senders";
import { batchesKey, sendersKey, useBatches } from "./queries";
import type { BatchFilter, BatchStatus } from "./shapes";
import { useNews } from "./use-news";
import { statusWords } from "./words";

const typingPauseMs = 200;

/** The filter is the address. What it says goes to the server as it is: a state that does not exist is refused there. */
function filterFrom(params: URLSearchParams, name: string): BatchFilter {
  const status = params.get("situacao");
  return {
    ...(status && { status: status as BatchStatus }),
    ...(name && { q: name }),
    ...(params.get("meus") === "sim" && { mine: true as const }),
  };
}

/** Every bulk send with where it stands, the newest first, moving while one looks. */
export function BatchesPage(): ReactNode {
  useDocumentTitle("Disparos");
  const [params, setParams] = useSearchParams();
  const maySend = useHasRole("supervisor");
  const [typed, setTyped] = useState(params.get("busca") ?? "");
  const [name] = useDebouncedValue(typed.trim(), typingPauseMs);
  const filter = filterFrom(params, name);
  const list = useBatches(filter);
  useNews([batchesKey, sendersKey], () => true);
  const put = (key: string, value: string): void =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(key, value);
        else next.delete(key);
        return next;
      },
      { replace: true },
    );
  const rows = list.data?.pages.flatMap((page) => page.rows);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Disparos</h1>
        {maySend && (
          <Button component={Link} href="/disparos/novo" size="compact-md">
            Novo disparo
          </Button>
        )}
      </header>
      <PausedSenders />
      <search className={lines.filters}>
        <TextInput
          aria-label="Buscar disparos"
          placeholder="Nome do disparo"
          value={typed}
          autoComplete="off"
          onChange={(event) => setTyped(event.currentTarget.value)}
          onBlur={() => put("busca", typed.trim())}
          onKeyDown={(event) => {
            if (event.key !== "ArrowDown") return;
            event.preventDefault();
            focusFirstLine();
          }}
        />
        <NativeSelect
          aria-label="Situação"
          value={filter.status ?? ""}
          data={[
            { value: "", label: "Toda situação" },
            ...Object.entries(statusWords).map(([value, { label }]) => ({ value, label })),
          ]}
          onChange={({ currentTarget: { value } }) => put("situacao", value)}
        />
        <label className={lines.mine}>
          <input
            type="checkbox"
            checked={filter.mine ?? false}
            onChange={({ currentTarget: { checked } }) => put("meus", checked ? "sim" : "")}
          />
          só os meus
        </label>
      </search>
      {list.error && !rows && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {!rows && !list.error && <Skeleton width="100%" height={180} />}
      {rows?.length === 0 && <NoBatches filtered={Object.keys(filter).length > 0} maySend={maySend} />}
      {rows && rows.length > 0 && (
        <ul className={lines.list} aria-label="Disparos" onKeyDown={moveBetweenLines}>
          {rows.map((batch) => (
            <BatchLine key={batch.id} batch={batch} />
          ))}
        </ul>
      )}
      <ShowMore of={list} look="page" />
    </div>
  );
}

function NoBatches({ filtered, maySend }: { filtered: boolean; maySend: boolean }): ReactNode {
  if (filtered) return <EmptyState title="Nenhum disparo corresponde">Mude a situação ou o nome.</EmptyState>;
  return (
    <EmptyState
      title="Nenhum disparo ainda"
      action={
        maySend && (
          <Button component={Link} href="/carteira">
            Escolher pessoas na carteira
          </Button>
        )
      }
    >
      {maySend
        ? "Na carteira, filtre (por exemplo um credor na faixa 61–90), marque todos e toque em WhatsApp. Antes de enviar você vê quem fica de fora, o texto que cada um lê e o custo."
        : "Quando a supervisão enviar uma mensagem a muitas pessoas, você acompanha aqui."}
    </EmptyState>
  );
}
