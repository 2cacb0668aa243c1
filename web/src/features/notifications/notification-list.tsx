import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { moment } from "@/lib/clock";
import classes from "./notification-bell.module.css";
import { type Notification, useMarkRead } from "./queries";
import { tell } from "./sentences";

interface NotificationListProps {
  notifications: Notification[];
  onFollow: () => void;
}

export function NotificationList({ notifications, onFollow }: NotificationListProps): ReactNode {
  const { mutate: markRead, isPending } = useMarkRead();
  const anyUnread = notifications.some(({ read_at }) => read_at === null);
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
      </header>
      {notifications.length === 0 && (
        <p className={classes.none}>Nada por aqui. Avisos de automações e importações aparecem neste sino.</p>
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
    </>
  );
}
