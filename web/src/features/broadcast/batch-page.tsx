import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { count, day, phone, plural } from "@/lib/format";
import { categoryName, costText, priceText } from "@/lib/message-words";
import { useDocumentTitle } from "@/ui/document-title";
import { ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import parts from "./batch.module.css";
import { BatchActions } from "./batch-actions";
import { BatchNotices } from "./batch-notices";
import { BatchNumbers } from "./batch-numbers";
import classes from "./broadcast.module.css";
import { ProgressBar } from "./progress-bar";
import { batchKey, resultsKey, useBatch } from "./queries";
import { ResultsPanel } from "./results-panel";
import type { Batch, ResultFilter } from "./shapes";
import { useNews } from "./use-news";
import { durationText, stateOf } from "./words";

/** One bulk send as it goes: what may be done about it, its numbers, and behind each number the people. */
export function BatchPage({ id }: { id: string }): ReactNode {
  const { data: batch, error, refetch } = useBatch(id);
  const [filter, setFilter] = useState<ResultFilter>({});
  useDocumentTitle(batch?.name ?? "Disparo");
  useNews([batchKey(id), resultsKey(id)], (changed) => changed === id);
  if (!batch) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
  const { label, tone } = stateOf(batch);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>{batch.name}</h1>
        <span role="status" aria-label="Situação">
          <Tag tone={tone}>{label}</Tag>
        </span>
        <BatchActions batch={batch} />
      </header>
      <BatchNotices batch={batch} />
      <ProgressBar numbers={batch.numbers} />
      <Pace batch={batch} />
      <BatchNumbers numbers={batch.numbers} filter={filter} onFilter={setFilter} />
      <ResultsPanel batch={batch} filter={filter} onFilter={setFilter} />
      <Facts batch={batch} />
    </div>
  );
}

function Pace({ batch: { status, numbers, forecast, sender } }: { batch: Batch }): ReactNode {
  const { queued, held, rate_per_second, seconds_left, next_due_at, spent_micros } = numbers;
  const { currency, total_micros } = forecast;
  const isMoving = status === "sending" && sender.state === "active" && queued > held;
  return (
    <p className={parts.facts}>
      {isMoving && (
        <span>
          <strong className="num">{rate_per_second.toLocaleString("pt-BR")}</strong> por segundo
        </span>
      )}
      {isMoving && seconds_left !== null && (
        <span>
          faltam cerca de <strong>{durationText(seconds_left)}</strong>
        </span>
      )}
      {held > 0 && (
        <span>
          <strong className="num">{count(held)}</strong> {held === 1 ? "espera" : "esperam"} o horário ou o limite de
          contatos
          {next_due_at && queued === held && `; a próxima pode sair ${moment(next_due_at)}`}
        </span>
      )}
      {currency && (
        <span>
          <strong className="num">{costText(spent_micros, currency)}</strong> gastos
          {total_micros !== undefined && ` de ${costText(total_micros, currency)} previstos`}
        </span>
      )}
    </p>
  );
}

function Facts({ batch }: { batch: Batch }): ReactNode {
  const { created_by, created_at, confirmed_by, cancelled_by, sender, template, forecast, numbers } = batch;
  const { currency, price_micros, valid_from, is_own } = forecast;
  return (
    <p className={classes.faint}>
      Criado por {created_by.name ?? "—"}, {moment(created_at)}
      {confirmed_by && `; confirmado por ${confirmed_by.name ?? "—"}`}
      {cancelled_by && `; ${batch.refusal_reason ? "recusado" : "cancelado"} por ${cancelled_by.name ?? "—"}`}
      {batch.started_at && `; começou ${moment(batch.started_at)}`}
      {batch.finished_at && `; terminou ${moment(batch.finished_at)}`}. Modelo {template.name} (
      {categoryName(template.category)}) por {sender.name}, {phone(sender.phone)}.{" "}
      {plural(numbers.selected, "cliente", "clientes")} na seleção
      {batch.includes_agreements && ", com quem tem acordo"}.
      {currency && price_micros !== undefined && valid_from && (
        <>
          {" "}
          Preço de {priceText(price_micros, currency)} por mensagem, tabela {is_own ? "da assessoria" : "indicativa"} de{" "}
          {day(valid_from)}.
        </>
      )}{" "}
      <Link href="/disparos">Todos os disparos</Link>
    </p>
  );
}
