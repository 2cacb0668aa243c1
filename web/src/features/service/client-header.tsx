import { CopyButton, UnstyledButton } from "@mantine/core";
import { IconClock, IconClockPause } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { ContactState } from "@/lib/client-shapes";
import { moment } from "@/lib/clock";
import { documentNumber, money } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { Tag } from "@/ui/tag";
import classes from "./client-header.module.css";
import type { ServiceScreen } from "./queries";

interface ClientHeaderProps {
  screen: ServiceScreen;
  onExplain?: (() => void) | undefined;
  /** Arrives after the paint, in a place kept for it. */
  next?: ReactNode;
}

export function ClientHeader({ screen, onExplain, next }: ClientHeaderProps): ReactNode {
  const { client, creditors, debts, open_cents, contact } = screen;
  const contracts = [...new Set(debts.map(({ contract }) => contract))];
  return (
    <header className={classes.header}>
      <div className={classes.who}>
        <h1>
          <Link href={`/carteira/${client.document}`}>{client.name}</Link>
        </h1>
        <div className={classes.creditors}>
          {creditors.map(({ id, name }) => (
            <Tag key={id} tone="accent">
              {name}
            </Tag>
          ))}
        </div>
        <dl className={classes.facts}>
          <Fact term={client.document.length === 14 ? "CNPJ" : "CPF"} value={documentNumber(client.document)} copies />
          {client.external_id && <Fact term="Código externo" value={client.external_id} copies />}
          {contracts.length > 0 && <Fact term="Contrato" value={contractsSummary(contracts)} />}
          {client.email && <Fact term="E-mail" value={client.email} copies />}
          {client.uf && <Fact term="UF" value={client.uf} />}
        </dl>
      </div>
      {next && <div className={classes.next}>{next}</div>}
      <div className={classes.money}>
        <span>Total em aberto</span>
        <strong className="num" data-testid="open-total">
          <UnstyledButton
            className={classes.total}
            title="Ver a memória de cálculo"
            onClick={() => onExplain?.()}
            disabled={!onExplain}
          >
            {money(open_cents)}
          </UnstyledButton>
        </strong>
        <ContactWindow contact={contact} />
      </div>
    </header>
  );
}

function contractsSummary([first = "", ...others]: string[]): string {
  return others.length > 0 ? `${first} +${others.length}` : first;
}

function Fact({ term, value, copies }: { term: string; value: string; copies?: boolean }): ReactNode {
  return (
    <div>
      <dt>{term}</dt>
      <dd className="num">
        {copies ? (
          <CopyButton value={value} timeout={1_500}>
            {({ copied, copy }) => (
              <UnstyledButton onClick={copy} className={classes.copy} title={copied ? "Copiado" : "Clique para copiar"}>
                {copied ? "Copiado" : value}
              </UnstyledButton>
            )}
          </CopyButton>
        ) : (
          value
        )}
      </dd>
    </div>
  );
}

function ContactWindow({ contact }: { contact: ContactState }): ReactNode {
  if (contact.allowed)
    return (
      <Tag tone="good">
        <IconClock size={13} aria-hidden /> Pode ligar agora
      </Tag>
    );
  return (
    <Tag tone="warn" title={contact.reason ? reasonSentence(contact.reason) : undefined}>
      <IconClockPause size={13} aria-hidden />
      {contact.next_allowed_at ? `Não ligar até ${moment(contact.next_allowed_at)}` : "Contato bloqueado"}
    </Tag>
  );
}
