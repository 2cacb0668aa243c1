import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { sentenceFor } from "@/lib/errors";
import { documentNumber, percent, plural } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { CreditorForm } from "./creditor-form";
import classes from "./creditors.module.css";
import { type Creditor, creditorsKey, deleteCreditor, useCreditors } from "./queries";

/** Who is owed, and which rules hold for each. */
export function CreditorsPage(): ReactNode {
  return (
    <SettingsRoom title="Credores" room="creditors">
      <Creditors />
    </SettingsRoom>
  );
}

function Creditors(): ReactNode {
  const queryClient = useQueryClient();
  const { data: creditors, error, refetch } = useCreditors();
  const [edited, setEdited] = useState<string | "new" | null>(null);
  const remove = useMutation({
    mutationFn: deleteCreditor,
    onSettled: () => queryClient.invalidateQueries({ queryKey: creditorsKey }),
  });
  if (!creditors) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
  return (
    <Panel title="Credores" aside={plural(creditors.length, "credor", "credores")}>
      <div className={classes.body}>
        <ul aria-label="Credores" className={classes.rows}>
          {creditors.map((creditor) =>
            edited === creditor.id ? (
              <li key={creditor.id}>
                <CreditorForm creditor={creditor} onClose={() => setEdited(null)} />
              </li>
            ) : (
              <Row
                key={creditor.id}
                creditor={creditor}
                busy={remove.isPending}
                onEdit={() => setEdited(creditor.id)}
                onDelete={() => {
                  if (window.confirm(`Excluir ${creditor.name}?`)) remove.mutate(creditor.id);
                }}
              />
            ),
          )}
        </ul>
        {creditors.length === 0 && (
          <p className={classes.note}>Nenhum credor ainda: a importação da carteira também cria os que faltam.</p>
        )}
        {remove.error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(remove.error)}
          </p>
        )}
        {edited === "new" ? (
          <CreditorForm creditor={null} onClose={() => setEdited(null)} />
        ) : (
          <Button size="compact-sm" variant="default" className={classes.start} onClick={() => setEdited("new")}>
            Novo credor
          </Button>
        )}
      </div>
    </Panel>
  );
}

interface RowProps {
  creditor: Creditor;
  busy: boolean;
  onEdit: () => void;
  onDelete: () => void;
}

function Row({ creditor, busy, onEdit, onDelete }: RowProps): ReactNode {
  const { charge, agreement } = creditor;
  const own = (isOwn: boolean): string => (isOwn ? "próprios" : "regra geral");
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <p className={classes.head}>
          <strong>{creditor.name}</strong>
          {creditor.document && <span>{documentNumber(creditor.document)}</span>}
          {!creditor.is_active && <Tag>inativo</Tag>}
          {(!creditor.document || !creditor.address) && <Tag tone="warn">falta CNPJ ou endereço</Tag>}
        </p>
        <p className={classes.note}>
          Encargos ({own(charge.is_own)}): multa {percent(charge.fine_percent)}, juros{" "}
          {percent(charge.interest_percent)} ao mês, honorários {percent(charge.collection_fee_percent)} · Prazos (
          {own(agreement.is_own)}): quebra em D+{agreement.definitive_after_days} ·{" "}
          {plural(creditor.own_templates, "oferta própria", "ofertas próprias")} ·{" "}
          {plural(creditor.own_limits, "alçada própria", "alçadas próprias")}
        </p>
      </div>
      <div className={classes.buttons}>
        <Link href={`/configuracoes/cobranca?credor=${creditor.id}`} className={classes.link}>
          Regras<span className="hidden-visually"> de {creditor.name}</span>
        </Link>
        <Button size="compact-sm" variant="default" aria-label={`Alterar ${creditor.name}`} onClick={onEdit}>
          Alterar
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          disabled={busy || creditor.has_debts}
          title={creditor.has_debts ? "Há títulos deste credor" : undefined}
          aria-label={`Excluir ${creditor.name}`}
          onClick={onDelete}
        >
          Excluir
        </Button>
      </div>
    </li>
  );
}
