import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { day } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./privacy.module.css";
import { useRegister } from "./queries";
import { VerdictList } from "./verdict-list";

/** The register of what debtors asked about their data. */
export function PrivacyPage(): ReactNode {
  return (
    <SettingsRoom title="Privacidade">
      <Panel title="Pedidos da LGPD">
        <Register />
      </Panel>
    </SettingsRoom>
  );
}

function Register(): ReactNode {
  const { data, error, refetch } = useRegister();
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
  return (
    <div className={classes.body}>
      <p className={classes.note}>
        Os pedidos se fazem na ficha do cliente. O que ficou por haver o que cobrar é conferido toda noite e apagado
        quando a base acaba.
      </p>
      {data.requests.length === 0 && <p className={classes.note}>Ninguém pediu nada ainda.</p>}
      <ul aria-label="Pedidos" className={classes.rows}>
        {data.requests.map((request) => (
          <li key={request.id}>
            <p className={classes.head}>
              <strong>{request.kind === "erase" ? "Apagar" : "Entregar os dados"}</strong>
              <Link href={`/carteira/${request.client.document}`}>{request.client.name}</Link>
              {request.answered_at ? (
                <Tag tone="good">respondido {moment(request.answered_at)}</Tag>
              ) : (
                <Tag tone="warn">sem resposta</Tag>
              )}
            </p>
            <p className={classes.note}>
              Pedido em {day(request.asked_on)} · por {data.people.get(request.created_by) ?? "alguém que saiu"}
            </p>
            {request.outcome.length > 0 && (
              <details>
                <summary>O que ficou e por quê</summary>
                <VerdictList verdict={request.outcome} />
              </details>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
