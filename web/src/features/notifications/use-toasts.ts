import { notifications as toasts } from "@mantine/notifications";
import { useEffect, useRef } from "react";
import type { Notification } from "./queries";
import { tell } from "./sentences";

const colors = { good: "green", bad: "red", neutral: "petrol" };
/** Long enough to read one line between two calls. */
const shownMs = 7_000;

/** A toast for what arrives while the page is open; what was already waiting stays in the bell. */
export function useToasts(notifications: Notification[] | undefined): void {
  const seen = useRef<Set<string> | null>(null);
  useEffect(() => {
    if (!notifications) return;
    const known = seen.current;
    seen.current = new Set(notifications.map(({ id }) => id));
    if (!known) return;
    for (const notification of notifications) {
      if (known.has(notification.id) || notification.read_at !== null) continue;
      const { title, detail, tone } = tell(notification);
      toasts.show({ id: notification.id, title, message: detail, color: colors[tone], autoClose: shownMs });
    }
  }, [notifications]);
}
