import "@/ui/popover-styles";
import { Popover, UnstyledButton } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import classes from "./notification-bell.module.css";
import { NotificationList } from "./notification-list";
import { notificationsKey, useNotifications } from "./queries";
import { useToasts } from "./use-toasts";

export function NotificationBell(): ReactNode {
  const { user } = useMember();
  const { data: notifications } = useNotifications();
  const [opened, setOpened] = useState(false);
  useLiveQueries(`user:${user.id}`, [notificationsKey], () => [notificationsKey]);
  useToasts(notifications);
  const unread = notifications?.filter(({ read_at }) => read_at === null).length ?? 0;
  return (
    <Popover opened={opened} onChange={setOpened} position="right-end" width={340} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton
          className={classes.bell}
          onClick={() => setOpened((was) => !was)}
          aria-label={unread > 0 ? `Notificações, ${unread} não lidas` : "Notificações"}
        >
          <IconBell size={20} stroke={1.6} aria-hidden />
          {unread > 0 && (
            <span className={classes.count} aria-hidden>
              {unread}
            </span>
          )}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label="Notificações">
        <NotificationList notifications={notifications ?? []} onFollow={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}
