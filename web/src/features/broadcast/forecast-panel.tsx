import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { count, day, plural } from "@/lib/format";
import { categoryName, costText, priceText } from "@/lib/message-words";
import { reasonSentence } from "@/lib/reasons";
import { Skeleton } from "@/ui/states";
import classes from "./broadcast.module.css";
import compose from "./compose.module.css";
import type { Confirmation, Cost, Forecast, Wait } from "./shapes";
import { durationText, messages } from "./words";

interface ForecastProps {
  forecast: Forecast | undefined;
  /** Number and template are chosen. */
  isAsked: boolean;
  isStale: boolean;
}

/** Who gets it, who does not and why, who waits, what it costs, how long it takes and who else must agree. */
export function ForecastPanel({ forecast, isAsked, isStale }: ForecastProps): ReactNode {
  if (!isAsked)
    return <p className={classes.faint}>Escolha o número e o modelo para ver quem recebe e quanto custa.</p>;
  if (!forecast) return <Skeleton width="100%" height={140} />;
  const { selected, eligible, is_estimate, excluded, waits, seconds, cost, confirmation } = forecast;
  return (
    <div className={compose.forecast} data-stale={isStale || undefined} aria-busy={isStale} aria-live="polite">
      <p className={classes.lead}>
        {is_estimate && "Cerca de "}
        <strong className="num">{count(eligible)}</strong> de {plural(selected, "cliente", "clientes")}{" "}
        {eligible === 1 ? "recebe" : "recebem"}.
      </p>
      {eligible === 0 && <p className={classes.warn}>Ninguém desta seleção pode receber esta mensagem.</p>}
      {excluded.length > 0 && (
        <section aria-label="Ficam de fora">
          <h3>Ficam de fora</h3>
          <ul className={classes.reasons}>
            {excluded.map(({ reason, count: people }) => (
              <li key={reason}>
                <strong className="num">{count(people)}</strong> {reasonSentence(reason)}
              </li>
            ))}
          </ul>
        </section>
      )}
      {waits.length > 0 && <Waits waits={waits} />}
      {eligible > 0 && (
        <>
          <CostLines cost={cost} eligible={eligible} />
          <p className={classes.faint}>
            No ritmo deste número, {messages(eligible)} {eligible === 1 ? "leva" : "levam"} cerca de{" "}
            {durationText(seconds)}. Antes de cada uma, bloqueio, dívida, horário e limite são conferidos de novo.
          </p>
          {confirmation.is_needed && <SecondPerson confirmation={confirmation} />}
        </>
      )}
    </div>
  );
}

function Waits({ waits }: { waits: Wait[] }): ReactNode {
  return (
    <section aria-label="Esperam">
      <h3>Recebem mais tarde</h3>
      <ul className={classes.reasons}>
        {waits.map(({ reason, uf, opens_at, count: people }) => (
          <li key={`${reason}${uf ?? ""}`}>
            <strong className="num">{count(people)}</strong>{" "}
            {reason === "outside_hours"
              ? `${uf ? `em ${uf}` : "sem estado conhecido"}: ${opens_at ? `o horário permitido abre ${moment(opens_at)}` : "sem horário permitido nos próximos dias"}`
              : "já no limite de contatos: esperam o próximo dia em que couber"}
          </li>
        ))}
      </ul>
    </section>
  );
}

function CostLines({ cost, eligible }: { cost: Cost | null; eligible: number }): ReactNode {
  if (!cost)
    return (
      <p className={classes.warn}>
        Não há preço cadastrado para esta categoria: o custo só será conhecido na fatura do provedor.
      </p>
    );
  const { category, currency, price_micros, total_micros, valid_from, is_own, in_window, is_free_in_window } = cost;
  return (
    <section aria-label="Custo previsto">
      <h3>Custo previsto</h3>
      <p className={classes.lead}>
        <strong className="num">{costText(total_micros, currency)}</strong>
      </p>
      <p className={classes.faint}>
        {count(eligible)} × {priceText(price_micros, currency)} ({categoryName(category)}),{" "}
        {is_own ? "tabela da sua assessoria, válida desde" : "tabela indicativa de"} {day(valid_from)}
        {!is_own && " (o preço publicado, não o do seu contrato)"}. Só o que é entregue é cobrado.
      </p>
      {in_window > 0 && (
        <p className={classes.faint}>
          {plural(in_window, "pessoa escreveu", "pessoas escreveram")} nas últimas 24 horas:{" "}
          {is_free_in_window ? "de graça para elas." : "nesta tabela, a mensagem é cobrada mesmo assim."}
        </p>
      )}
    </section>
  );
}

function SecondPerson({ confirmation: { above, already, people } }: { confirmation: Confirmation }): ReactNode {
  return (
    <p className={classes.warn}>
      Acima de {plural(above, "pessoa", "pessoas")} no mesmo dia, outra pessoa da supervisão precisa confirmar antes de
      sair qualquer mensagem.{" "}
      {already > 0 && `Seus outros disparos desse dia somam ${plural(already, "pessoa", "pessoas")}. `}
      {people.length > 0
        ? `Pode ser: ${people.join(", ")}.`
        : "Não há mais ninguém com esse papel: convide alguém ou divida o disparo."}
    </p>
  );
}
