import {
  IconBolt,
  IconCalendarClock,
  IconFileImport,
  IconMessage2,
  IconMessageReply,
  IconPhone,
} from "@tabler/icons-react";
import { type ReactNode, Suspense } from "react";
import { localTime, moment } from "@/lib/clock";
import { phone } from "@/lib/format";
import { later } from "@/lib/later";
import { mediaNames, wordsOf } from "@/lib/message-media";
import { reasonSentence } from "@/lib/reasons";
import type { AutomationItem, CallbackItem, ConversationItem, MessageItem, TimelineItem } from "@/lib/timeline";
import { Tag } from "@/ui/tag";
import { Entry, iconProps } from "@/ui/timeline/entry";
import { messageStatusNames, messageStatusTones } from "@/ui/timeline/message-status";
import { MoneyEntry } from "@/ui/timeline/money-entry";
import { runStatusNames } from "@/ui/timeline/run-status";
import classes from "@/ui/timeline/timeline.module.css";

const CallEntry = later(
  () => import("@/ui/timeline/call-entry"),
  (m) => m.CallEntry,
);
const SuppressionEntry = later(
  () => import("@/ui/timeline/suppression-entry"),
  (m) => m.SuppressionEntry,
);

interface TimelineEntryProps {
  item: TimelineItem;
  colorOf: (type: string) => string | undefined;
}

export function TimelineEntry({ item, colorOf }: TimelineEntryProps): ReactNode {
  switch (item.kind) {
    case "disposition":
      return (
        <Entry
          icon={<IconPhone {...iconProps} />}
          color={item.undone_at ? "gray" : colorOf(item.type)}
          title={item.undone_at ? <del>{item.label}</del> : <strong>{item.label}</strong>}
          at={item.at}
          {...(item.undone_at && { state: "undone" })}
        >
          {item.undone_at && (
            <p>
              Desfeita às <time dateTime={item.undone_at}>{localTime(new Date(item.undone_at))}</time>
            </p>
          )}
          {item.scheduled_callback && <p>Retorno marcado para {moment(item.scheduled_callback)}</p>}
          {item.notes && <p className={classes.notes}>{item.notes}</p>}
          {item.actor && <p className={classes.actor}>{item.actor}</p>}
        </Entry>
      );
    case "call":
      return (
        <Suspense fallback={<Entry icon={<IconPhone {...iconProps} />} title="Ligação" at={item.at} />}>
          <CallEntry item={item} />
        </Suspense>
      );
    case "message":
      return <MessageEntry item={item} />;
    case "automation":
      return <AutomationEntry item={item} />;
    case "callback":
      return <CallbackEntry item={item} />;
    case "import":
      return (
        <Entry icon={<IconFileImport {...iconProps} />} title="Importado na carteira" at={item.at}>
          <p>{item.file_name ?? "Envio por API"}</p>
          {item.actor && <p className={classes.actor}>{item.actor}</p>}
        </Entry>
      );
    case "conversation":
      return (
        <Entry
          icon={<IconMessage2 {...iconProps} />}
          color={item.event === "opted_out" ? "red" : "teal"}
          title={conversationEvents[item.event]}
          at={item.at}
        >
          {(item.to ?? item.actor) && <p className={classes.actor}>{item.to ?? item.actor}</p>}
        </Entry>
      );
    case "suppression":
    case "suppression_lifted":
      return (
        <Suspense fallback={<Entry icon={<IconPhone {...iconProps} />} title="Não contatar" at={item.at} />}>
          <SuppressionEntry item={item} />
        </Suspense>
      );
    case "agreement":
    case "payment":
    case "reversal":
      return <MoneyEntry item={item} />;
  }
}

const conversationEvents: Record<ConversationItem["event"], string> = {
  assigned: "Conversa atendida",
  taken_over: "Conversa assumida",
  released: "Conversa livre",
  opted_out: "Pediu para não receber mensagens",
  linked: "Conversa ligada a este cliente",
  ignored: "Número ignorado",
  restored: "Número de volta",
  number_changed: "Trocou de número no WhatsApp",
};

function MessageEntry({ item }: { item: MessageItem }): ReactNode {
  const incoming = item.direction === "in";
  const title = incoming ? `Mensagem de ${phone(item.phone)}` : `WhatsApp para ${phone(item.phone)}`;
  return (
    <Entry
      icon={incoming ? <IconMessageReply {...iconProps} /> : <IconMessage2 {...iconProps} />}
      color={incoming ? "blue" : "teal"}
      title={title}
      at={item.at}
    >
      <p className={classes.bubble} data-in={incoming || undefined}>
        {wordsOf(item.body, item.media !== null) || mediaNames[item.media?.type ?? ""]}
      </p>
      <p className={classes.receipts} data-message data-status={item.status}>
        <Tag tone={messageStatusTones[item.status]}>{messageStatusNames[item.status]}</Tag>
        {item.sent_at && <Receipt name="enviada" at={item.sent_at} />}
        {item.delivered_at && <Receipt name="entregue" at={item.delivered_at} />}
        {item.read_at && <Receipt name="lida" at={item.read_at} />}
        {item.error_code && <span className={classes.reason}>{reasonSentence(item.error_code)}</span>}
      </p>
    </Entry>
  );
}

function Receipt({ name, at }: { name: string; at: string }): ReactNode {
  return (
    <span className={classes.receipt}>
      {name} <time dateTime={at}>{localTime(new Date(at))}</time>
    </span>
  );
}

function AutomationEntry({ item }: { item: AutomationItem }): ReactNode {
  const [name, tone] = runStatusNames[item.status];
  return (
    <Entry icon={<IconBolt {...iconProps} />} color="violet" title={`Automação: ${item.rule}`} at={item.at}>
      <p className={classes.receipts}>
        <Tag tone={tone}>{name}</Tag>
        {item.reason && <span className={classes.reason}>{reasonSentence(item.reason)}</span>}
      </p>
    </Entry>
  );
}

const callbackStates: Record<CallbackItem["status"], string> = {
  scheduled: "Retorno agendado",
  done: "Retorno feito",
  cancelled: "Retorno cancelado",
};

function CallbackEntry({ item }: { item: CallbackItem }): ReactNode {
  return (
    <Entry icon={<IconCalendarClock {...iconProps} />} color="blue" title={callbackStates[item.status]} at={item.at}>
      <p>
        {moment(item.due_at)}
        {item.note && ` · ${item.note}`}
      </p>
    </Entry>
  );
}
