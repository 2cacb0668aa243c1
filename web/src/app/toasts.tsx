import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Notification.css";
import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";
import type { ReactNode } from "react";

/** More than this at once is noise; the rest waits its turn. */
const shownAtOnce = 4;

export function Toasts(): ReactNode {
  return <Notifications position="bottom-right" limit={shownAtOnce} />;
}
