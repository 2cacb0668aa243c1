import "@/ui/popover-styles";
import { Popover, UnstyledButton } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import classes from "./notification-bell.module.css";
import { NotificationList } from "./notification-list";
import { PreferencesPanel } from "./preferences-panel";
import { notificationsKey, useBell, usePreferences } from "./queries";
import { useToasts } from "./use-toasts";

/** The database counts no further. */
const manyUnread = 100;

export function NotificationBell(): ReactNode {
  const { user } = useMember();
  const bell = useBell();
  const { data: wishes } = usePreferences();
  const [opened, setOpened] = useState(false);
  const [choosing, setChoosing] = useState(false);
  useLiveQueries(`user:${user.id}`, [notificationsKey], () => [notificationsKey]);
  const notifications = bell.data?.pages.flatMap(({ rows }) => rows);
  useToasts(bell.data?.pages[0]?.rows, wishes?.plays_sound ?? false);
  const unread = bell.data?.pages[0]?.unread ?? 0;
  const told = unread >= manyUnread ? "99+" : String(unread);
  const open = (wanted: boolean): void => {
    setOpened(wanted);
    if (!wanted) setChoosing(false);
  };
  return (
    <Popover opened={opened} onChange={open} position="right-end" width={340} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton
          className={classes.bell}
          onClick={() => open(!opened)}
          aria-label={unread > 0 ? `Notificações, ${told} não lidas` : "Notificações"}
        >
          <IconBell size={20} stroke={1.6} aria-hidden />
          {unread > 0 && (
            <span className={classes.count} aria-hidden>
              {told}
            </span>
          )}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label="Notificações">
        {choosing ? (
          <PreferencesPanel onBack={() => setChoosing(false)} />
        ) : (
          <NotificationList
            notifications={notifications ?? []}
            anyUnread={unread > 0}
            onFollow={() => open(false)}
            onChoose={() => setChoosing(true)}
            onMore={bell.hasNextPage ? () => void bell.fetchNextPage() : undefined}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
