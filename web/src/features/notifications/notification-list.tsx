import { ActionIcon, Button } from "@mantine/core";
import { IconSettings } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import classes from "./notification-bell.module.css";
import { type Notification, useMarkRead } from "./queries";
import { tell } from "./sentences";

interface NotificationListProps {
  notifications: Notification[];
  /** Also among those that are not shown. */
  anyUnread: boolean;
  onFollow: () => void;
  onChoose: () => void;
  onMore: (() => void) | undefined;
}

export function NotificationList(props: NotificationListProps): ReactNode {
  const { notifications, anyUnread, onFollow, onChoose, onMore } = props;
  const { mutate: markRead, isPending } = useMarkRead();
  return (
    <>
      <header className={classes.head}>
        <h2>Notificações</h2>
        <Button
          size="compact-xs"
          variant="subtle"
          disabled={!anyUnread}
          loading={isPending}
          onClick={() => markRead(null)}
        >
          Marcar como lidas
        </Button>
        <ActionIcon size={26} aria-label="Escolher os avisos" title="Escolher os avisos" onClick={onChoose}>
          <IconSettings size={16} stroke={1.6} aria-hidden />
        </ActionIcon>
      </header>
      {notifications.length === 0 && (
        <p className={classes.none}>
          Nada por aqui. Retornos na hora, acordos, pagamentos e respostas aparecem neste sino.
        </p>
      )}
      <ul className={classes.list}>
        {notifications.map((notification) => {
          const { title, detail, href, tone } = tell(notification);
          return (
            <li key={notification.id} data-unread={notification.read_at === null || undefined}>
              <Link
                href={href}
                onClick={() => {
                  if (notification.read_at === null) markRead([notification.id]);
                  onFollow();
                }}
              >
                <span className={classes.dot} data-tone={tone} aria-hidden />
                <span>
                  <strong>{title}</strong>
                  <span>{detail}</span>
                </span>
                <time dateTime={notification.created_at}>{moment(notification.created_at)}</time>
              </Link>
            </li>
          );
        })}
      </ul>
      {onMore && (
        <Button size="compact-sm" variant="subtle" fullWidth onClick={onMore}>
          Mostrar mais antigas
        </Button>
      )}
    </>
  );
}
