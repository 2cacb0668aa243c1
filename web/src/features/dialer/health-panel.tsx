import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { plural } from "@/lib/format";
import { Panel } from "@/ui/panel";
import classes from "./dialer.module.css";
import type { Overview } from "./shapes";

type Health = NonNullable<Overview["health"]>;

const untoldWords: Record<keyof Health["untold_today"], string> = {
  no_mapping: "sem qualificação escolhida (veja Tabulações e qualificações)",
  failed: "recusadas pelo 3C Plus",
  no_agent_token: "sem token de agente",
};

export function HealthPanel({ health }: { health: Health }): ReactNode {
  const { last_event_at: last, last_sweep: sweep, silent_since: silent } = health;
  const untold = Object.entries(health.untold_today) as [keyof Health["untold_today"], number][];
  return (
    <Panel title="Saúde da integração">
      <ul className={classes.health}>
        {silent && (
          <li role="alert" className={classes.alarm}>
            <strong>O discador parou de avisar desde {moment(silent)}.</strong> As ligações foram recuperadas pela
            conferência, mas a tela não abre sozinha. O 3C Plus desliga o webhook depois de 50 falhas seguidas: abra
            Configurações › Integrações no 3C Plus, ligue o webhook de novo e confira se o endereço é o que aparece nas
            nossas configurações. O alarme some com o próximo aviso.
          </li>
        )}
        {health.failing_since && (
          <li role="alert" className={classes.alarm}>
            O 3C Plus recusa nossos pedidos desde {moment(health.failing_since)}: {health.failure_detail}
          </li>
        )}
        <li>{last ? `Último aviso do discador: ${moment(last)}.` : "O discador ainda não mandou nenhum aviso."}</li>
        <li>
          {plural(health.calls_today, "ligação hoje", "ligações hoje")}
          {health.automatic_today > 0 &&
            `, ${plural(health.automatic_today, "qualificada", "qualificadas")} só pelo automático do discador`}
          .
        </li>
        {untold.map(([why, calls]) => (
          <li key={why}>
            {plural(calls, "tabulação de hoje não chegou", "tabulações de hoje não chegaram")} ao discador:{" "}
            {untoldWords[why]}.
          </li>
        ))}
        {health.events_failed > 0 && (
          <li>{plural(health.events_failed, "aviso não entendido", "avisos não entendidos")} nas últimas 24 horas.</li>
        )}
        {sweep && (
          <li>
            Conferência {moment(sweep.finished_at)}: {plural(sweep.listed, "ligação", "ligações")},{" "}
            {sweep.recovered === 0
              ? "nenhuma perdida."
              : `${plural(sweep.recovered, "recuperada", "recuperadas")}: o aviso delas não chegou.`}
            {sweep.failure && " A lista não pôde ser lida até o fim."}
          </li>
        )}
        {!health.can_qualify && (
          <li>
            Sem token de agente: a tabulação não é enviada ao discador, nem as pausas. Um administrador o informa nas
            configurações.
          </li>
        )}
      </ul>
    </Panel>
  );
}
