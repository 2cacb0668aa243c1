import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import { phone } from "@/lib/format";
import { mediaNames, wordsOf } from "@/lib/message-media";
import { Tag } from "@/ui/tag";
import classes from "./inbox.module.css";
import type { Talk } from "./shapes";
import { talkName } from "./words";

interface InboxRowProps {
  talk: Talk;
  href: string;
  isOpen: boolean;
}

export function InboxRow({ talk, href, isOpen }: InboxRowProps): ReactNode {
  const { last_message: last, unread, owner } = talk;
  const said = last && (wordsOf(last.body, last.media !== null) || mediaNames[last.media ?? ""] || "Mensagem");
  return (
    <li>
      <Link
        href={href}
        className={classes.row}
        aria-current={isOpen ? "page" : undefined}
        data-unread={unread > 0 || undefined}
      >
        <span className={classes.name}>{talkName(talk)}</span>
        <time dateTime={talk.last_message_at}>{moment(talk.last_message_at)}</time>
        <span className={classes.said}>
          {last?.direction === "out" && "Você: "}
          {said}
        </span>
        <span className={classes.marks}>
          {!talk.client && talk.phone && talk.contact_name && <Tag>{phone(talk.phone)}</Tag>}
          {talk.opted_out_at && <Tag tone="bad">pediu para parar</Tag>}
          {owner && <Tag>{owner.name}</Tag>}
          {unread > 0 && (
            <Tag tone="warn">
              {unread}
              <span className="hidden-visually"> não lidas</span>
            </Tag>
          )}
        </span>
      </Link>
    </li>
  );
}
