import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { instantAt, moment, now } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { EmptyState, Skeleton } from "@/ui/states";
import classes from "./broadcast.module.css";
import { type Draft, useDraft } from "./draft";
import { ForecastPanel } from "./forecast-panel";
import { MeansFields } from "./means-fields";
import { MessageSteps } from "./message-steps";
import { batchesKey, createBatch, useForecast, useSenders, useTemplates } from "./queries";
import { WhenFields } from "./when-fields";
import type { Wish } from "./wish";
import { messages, templateObstacle } from "./words";

/** Somebody who types a time is not asked about each digit. */
const settleMs = 300;

/** A bulk send before it is one: what, through whom, to whom and to whom not, for how much, when. */
export function ComposePage({ draft: id }: { draft: string }): ReactNode {
  useDocumentTitle("Novo disparo");
  const maySend = useHasRole("supervisor");
  const [draft, change] = useDraft(id);
  if (!maySend)
    return (
      <EmptyState title="Disparos são da supervisão">
        Você acompanha os que existem em <Link href="/disparos">Disparos</Link>.
      </EmptyState>
    );
  if (!draft)
    return (
      <EmptyState title="Este rascunho não está mais aqui" action={<Link href="/carteira">Ir para a carteira</Link>}>
        Um disparo começa na carteira: escolha as pessoas e toque em WhatsApp.
      </EmptyState>
    );
  return <Composer id={id} draft={draft} onChange={change} />;
}

function instantOf({ day, time }: Draft): string | null {
  return day && time ? instantAt(day, time).toISOString() : null;
}

interface ComposerProps {
  id: string;
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
}

function Composer({ id, draft, onChange }: ComposerProps): ReactNode {
  const [, navigate] = useLocation();
  const queryClient = useQueryClient();
  const { data: senders, error: sendersError } = useSenders();
  const { data: templates, error: templatesError } = useTemplates();
  const sender = senders?.find((each) => each.id === draft.senderId);
  const template = templates?.find((each) => each.id === draft.templateId);
  const isSendable = Boolean(template && !templateObstacle(template));
  const wish: Wish = {
    selection: draft.selection,
    senderId: sender?.id ?? null,
    templateId: isSendable ? draft.templateId : null,
    includesAgreements: draft.includesAgreements,
    scheduledAt: instantOf(draft),
  };
  const [settled] = useDebouncedValue(wish, settleMs);
  const forecast = useForecast(settled);
  const shown = wish.templateId ? forecast.data : undefined;
  const isStale = forecast.isPlaceholderData || JSON.stringify(settled) !== JSON.stringify(wish);
  const isPast = wish.scheduledAt !== null && new Date(wish.scheduledAt) < now();
  const isHalfTimed = Boolean(draft.day) !== Boolean(draft.time);
  useFirstMeans(draft, senders, onChange);
  const create = useMutation({
    mutationFn: () => createBatch(id, draft.name.trim(), wish),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: batchesKey });
      navigate(`/disparos/${id}`);
    },
  });
  const mayGo = shown && !isStale && shown.eligible > 0 && draft.name.trim() && !isPast && !isHalfTimed;
  return (
    <form
      className={classes.page}
      onSubmit={(event) => {
        event.preventDefault();
        if (mayGo) create.mutate();
      }}
    >
      <h1>Novo disparo de WhatsApp</h1>
      <div className={classes.columns}>
        <div className={classes.stack}>
          <Panel title="Mensagem">
            <div className={classes.inside}>
              {(sendersError ?? templatesError) && <p role="alert">{sentenceFor(sendersError ?? templatesError)}</p>}
              {senders && templates ? (
                <MeansFields draft={draft} senders={senders} templates={templates} onChange={onChange} />
              ) : (
                <Skeleton width="100%" height={80} />
              )}
              {template && isSendable && <MessageSteps template={template} forecast={shown} isStale={isStale} />}
            </div>
          </Panel>
          <Panel title="Quando">
            <div className={classes.inside}>
              <WhenFields draft={draft} isPast={isPast} onChange={onChange} />
            </div>
          </Panel>
        </div>
        <div className={classes.stack}>
          <Panel title="Quem recebe">
            <div className={classes.inside}>
              <label className={classes.check}>
                <input
                  type="checkbox"
                  checked={draft.includesAgreements}
                  onChange={({ currentTarget: { checked } }) => onChange({ includesAgreements: checked })}
                />
                <span>
                  Incluir quem tem acordo em dia
                  <span className={classes.faint}> (só para lembretes: cobrar quem está pagando estraga o acordo)</span>
                </span>
              </label>
              {forecast.error && wish.templateId && (
                <p role="alert" className={classes.error}>
                  {sentenceFor(forecast.error)}
                </p>
              )}
              <ForecastPanel forecast={shown} isAsked={wish.templateId !== null} isStale={isStale} />
            </div>
          </Panel>
          <Panel title="Conferir e enviar">
            <div className={classes.inside}>
              <TextInput
                label="Nome do disparo"
                placeholder="Lembrete 61–90, novembro"
                required
                maxLength={120}
                value={draft.name}
                onChange={(event) => onChange({ name: event.currentTarget.value })}
              />
              {create.error && (
                <p role="alert" className={classes.error}>
                  {sentenceFor(create.error)}
                </p>
              )}
              {create.isPending && (
                <p className={classes.faint} role="status">
                  Escrevendo a lista de quem recebe. Com muita gente leva alguns minutos; pode deixar esta tela aberta.
                </p>
              )}
              <div className={classes.actions}>
                <Button component={Link} href="/carteira" variant="default">
                  Voltar à carteira
                </Button>
                <Button type="submit" disabled={!mayGo} loading={create.isPending}>
                  {actionText(shown?.eligible, shown?.confirmation.is_needed, wish.scheduledAt)}
                </Button>
              </div>
            </div>
          </Panel>
        </div>
      </div>
    </form>
  );
}

function actionText(eligible: number | undefined, isSecondNeeded: boolean | undefined, at: string | null): string {
  if (!eligible) return "Enviar";
  if (isSecondNeeded) return "Pedir confirmação";
  return at ? `Agendar para ${moment(at)}` : `Enviar ${messages(eligible)}`;
}

/** Who has one number, or a default one, need not choose. */
function useFirstMeans(
  { senderId }: Draft,
  senders: ReturnType<typeof useSenders>["data"],
  onChange: (part: Partial<Draft>) => void,
): void {
  const first = senders?.find(({ state }) => state !== "disabled");
  useEffect(() => {
    if (senderId === null && first) onChange({ senderId: first.id });
  }, [senderId, first, onChange]);
}
