import { Button, CloseButton } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ErrorState, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./composer.module.css";
import { priceText } from "./price-text";
import { useOfferedTemplates } from "./queries";
import type { OfferedTemplate, Talk } from "./shapes";
import type { Outbox } from "./use-pending";
import { obstacleSentence } from "./words";

interface TemplatePickerProps {
  talk: Talk;
  outbox: Outbox;
  onClose: () => void;
}

const categoryNames: Record<string, string> = {
  marketing: "marketing",
  utility: "utilidade",
  authentication: "autenticação",
};

/** Every approved template as this person would read it, with what it costs today. */
export function TemplatePicker({ talk, outbox, onClose }: TemplatePickerProps): ReactNode {
  const { data: templates, error, refetch } = useOfferedTemplates(talk.id);
  const [chosen, setChosen] = useState<string | null>(null);
  const [clickId] = useState(() => crypto.randomUUID());
  const template = templates?.find(({ id }) => id === chosen);
  const send = (): void => {
    if (!template || template.reason) return;
    outbox.send({ id: clickId, body: template.body, templateId: template.id });
    onClose();
  };
  return (
    <section className={classes.picker} aria-label="Modelos">
      <header>
        <h3>Enviar um modelo</h3>
        <CloseButton aria-label="Fechar os modelos" onClick={onClose} />
      </header>
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!templates && !error && <Skeleton width="100%" height={80} />}
      {templates?.length === 0 && (
        <p className={classes.hint}>Nenhum modelo aprovado para este número. Peça a um administrador.</p>
      )}
      <div role="radiogroup" aria-label="Modelos aprovados" className={classes.templates}>
        {templates?.map((one) => (
          <TemplateCard key={one.id} template={one} isChosen={one.id === chosen} onChoose={() => setChosen(one.id)} />
        ))}
      </div>
      {templates && templates.length > 0 && (
        <Button disabled={!template || template.reason !== null} onClick={send}>
          Enviar modelo
        </Button>
      )}
    </section>
  );
}

interface TemplateCardProps {
  template: OfferedTemplate;
  isChosen: boolean;
  onChoose: () => void;
}

function TemplateCard({ template, isChosen, onChoose }: TemplateCardProps): ReactNode {
  const { name, category, body, reason, next_allowed_at, cost } = template;
  return (
    <label className={classes.template} data-chosen={isChosen || undefined} data-refused={reason !== null || undefined}>
      <input type="radio" name="template" checked={isChosen} disabled={reason !== null} onChange={onChoose} />
      <span className={classes.templateHead}>
        <strong>{name}</strong>
        <Tag>{categoryNames[category] ?? category}</Tag>
        <span className="num">{cost ? priceText(cost) : "custo desconhecido"}</span>
      </span>
      <span className={classes.templateBody}>{body}</span>
      {reason && <span className={classes.hint}>{obstacleSentence(reason, next_allowed_at)}</span>}
    </label>
  );
}
