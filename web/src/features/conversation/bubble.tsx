import { Button } from "@mantine/core";
import { IconAlertCircle, IconCheck, IconChecks, IconClock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { localTime, moment } from "@/lib/clock";
import { wordsOf } from "@/lib/message-media";
import { reasonSentence } from "@/lib/reasons";
import { Tag } from "@/ui/tag";
import { messageStatusNames } from "@/ui/timeline/message-status";
import { retryIdOf } from "./items";
import { MediaView } from "./media-view";
import type { Item, Pending } from "./shapes";
import classes from "./talk.module.css";
import { mayRetry } from "./words";

interface BubbleProps {
  item: Item;
  items: Item[];
  onAgain: (what: Partial<Pending> & { id: string }) => void;
}

export function Bubble({ item, items, onAgain }: BubbleProps): ReactNode {
  const { direction, media, status } = item;
  const body = wordsOf(item.body, media !== null);
  return (
    <li className={classes.bubble} data-direction={direction} data-status={status} data-message={item.id}>
      <Author item={item} />
      {media && <MediaView item={item} media={media} />}
      {body && <p className={classes.body}>{body}</p>}
      <p className={classes.state}>
        <time dateTime={item.at} title={moment(item.at)}>
          {localTime(new Date(item.at))}
        </time>
        {direction === "out" && <Receipt item={item} />}
      </p>
      {status === "failed" && (
        <div className={classes.failure}>
          <span>Não enviada: {reasonSentence(item.error_code ?? "unclassified")}.</span>
          {mayRetry(item) && <Again item={item} items={items} onAgain={onAgain} />}
        </div>
      )}
      {status === "unknown" && (
        <p className={classes.failure}>O provedor não confirmou. Esperamos a resposta antes de enviar de novo.</p>
      )}
    </li>
  );
}

function Author({ item }: { item: Item }): ReactNode {
  if (item.direction === "in") return null;
  const marks = [
    item.is_bulk && "Disparo",
    item.is_automatic && "Automação",
    item.charge_id && "Cobrança",
    item.template && `Modelo ${item.template}`,
  ].filter(Boolean);
  return (
    <p className={classes.author}>
      {item.actor ?? (item.is_automatic ? "" : "Sistema")}
      {marks.map((mark) => (
        <Tag key={String(mark)}>{mark}</Tag>
      ))}
    </p>
  );
}

function Receipt({ item }: { item: Item }): ReactNode {
  const { status } = item;
  const told = [
    item.sent_at && `enviada ${moment(item.sent_at)}`,
    item.delivered_at && `entregue ${moment(item.delivered_at)}`,
    item.read_at && `lida ${moment(item.read_at)}`,
    status === "queued" && item.next_attempt_at && `sai ${moment(item.next_attempt_at)}`,
  ].filter(Boolean);
  const Icon = icons[status] ?? IconClock;
  return (
    <span className={classes.receipt} data-status={status} title={told.join(" · ") || undefined}>
      <Icon size={14} aria-hidden /> {messageStatusNames[status]}
    </span>
  );
}

const icons: Partial<Record<Item["status"], typeof IconCheck>> = {
  sent: IconCheck,
  delivered: IconChecks,
  read: IconChecks,
  failed: IconAlertCircle,
};

/** The second try has an id made of the first one's: whoever clicks, and wherever, it is one message. */
function Again({ item, items, onAgain }: BubbleProps): ReactNode {
  const again = async (): Promise<void> => {
    const id = await retryIdOf(item.id);
    if (items.some((other) => other.id === id)) return;
    onAgain({
      id,
      body: item.template_id || item.charge_id ? "" : item.body,
      templateId: item.charge_id ? null : item.template_id,
      chargeId: item.charge_id,
    });
  };
  return (
    <>
      {item.error_code === "outcome_unknown" && <span>Talvez a pessoa a tenha recebido.</span>}
      <Button size="compact-xs" variant="default" onClick={() => void again()}>
        Tentar de novo
      </Button>
    </>
  );
}
