import { IconPhoneCall, IconPhoneOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { callDuration, callStatusNames } from "@/lib/calls";
import { phone } from "@/lib/format";
import type { CallItem } from "@/lib/timeline";
import { Tag, type Tone } from "@/ui/tag";
import { Entry, iconProps } from "@/ui/timeline/entry";
import classes from "@/ui/timeline/timeline.module.css";

const sourceWords: Record<NonNullable<CallItem["qualification_source"]>, [words: string, tone: Tone]> = {
  ours: ["pela nossa tabulação", "good"],
  dialer: ["dita no discador", "accent"],
  automatic: ["automática do discador", "warn"],
};

const untoldWords: Partial<Record<NonNullable<CallItem["qualify_status"]>, string>> = {
  queued: "avisando o discador",
  failed: "o discador recusou a tabulação",
  no_mapping: "tabulação sem qualificação no discador",
  no_agent_token: "sem token de agente: o discador não foi avisado",
};

export function CallEntry({ item }: { item: CallItem }): ReactNode {
  const isReached = item.talk_seconds !== null && item.talk_seconds > 0;
  const facts = [
    callStatusNames[item.status] ?? item.status,
    isReached && `${callDuration(item.talk_seconds ?? 0)} de conversa`,
    item.campaign,
    item.mode?.startsWith("manual") && "feita por aqui",
    item.is_recorded && "gravada",
  ];
  const untold =
    item.qualification_source === "ours" ? undefined : item.qualify_status && untoldWords[item.qualify_status];
  const source = item.qualification_source && sourceWords[item.qualification_source];
  return (
    <Entry
      icon={isReached || !item.ended_at ? <IconPhoneCall {...iconProps} /> : <IconPhoneOff {...iconProps} />}
      color={isReached ? "green" : "gray"}
      title={item.phone ? `Ligação com ${phone(item.phone)}` : "Ligação"}
      at={item.at}
    >
      <p>{facts.filter(Boolean).join(" · ")}</p>
      {item.qualification && (
        <p className={classes.receipts}>
          <span>Qualificada como {item.qualification}</span>
          {source && <Tag tone={source[1]}>{source[0]}</Tag>}
        </p>
      )}
      {untold && <p className={classes.reason}>{untold}</p>}
      {item.actor && <p className={classes.actor}>{item.actor}</p>}
    </Entry>
  );
}
