import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { plural } from "@/lib/format";
import { Panel } from "@/ui/panel";
import classes from "./dialer.module.css";
import type { Overview } from "./shapes";

export function HealthPanel({ health }: { health: NonNullable<Overview["health"]> }): ReactNode {
  const { last_event_at: last, last_sweep: sweep } = health;
  return (
    <Panel title="Saúde da integração">
      <ul className={classes.health}>
        {health.failing_since && (
          <li role="alert">
            O 3C Plus recusa nossos pedidos desde {moment(health.failing_since)}: {health.failure_detail}
          </li>
        )}
        <li>{last ? `Último aviso do discador: ${moment(last)}.` : "O discador ainda não mandou nenhum aviso."}</li>
        <li>{plural(health.calls_today, "ligação hoje", "ligações hoje")}.</li>
        {health.events_failed > 0 && (
          <li>{plural(health.events_failed, "aviso não entendido", "avisos não entendidos")} nas últimas 24 horas.</li>
        )}
        {sweep && (
          <li>
            Conferência {moment(sweep.finished_at)}: {plural(sweep.listed, "ligação", "ligações")},{" "}
            {sweep.recovered === 0
              ? "nenhuma perdida."
              : `${plural(sweep.recovered, "recuperada", "recuperadas")}: confira o webhook no 3C Plus.`}
            {sweep.failure && " A lista não pôde ser lida até o fim."}
          </li>
        )}
        {!health.can_qualify && <li>Sem token de agente: a tabulação não é enviada ao discador, nem as pausas.</li>}
      </ul>
    </Panel>
  );
}
