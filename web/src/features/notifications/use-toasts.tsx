import { notifications as toasts } from "@mantine/notifications";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import type { Notification } from "./queries";
import { tell } from "./sentences";
import { listenForPermission, ring } from "./sound";

const colors = { good: "green", bad: "red", neutral: "petrol" };
/** Long enough to read one line between two calls. */
const shownMs = 7_000;
/** A promised call is due now: it stays until the hand is free. */
const reminderShownMs = 30_000;
/** More at once (a link that was down) is one toast that says how many. */
const shownApart = 3;

const reminders = new Set(["callback_due", "callbacks_overdue"]);

/** A toast for what arrives while the page is open, with a sound for promised calls; what was already waiting stays in the
 * bell. */
export function useToasts(notifications: Notification[] | undefined, playsSound: boolean): void {
  const seen = useRef<Set<string> | null>(null);
  useEffect(() => listenForPermission(), []);
  useEffect(() => {
    if (!notifications) return;
    const known = seen.current;
    seen.current = new Set([...(known ?? []), ...notifications.map(({ id }) => id)]);
    if (!known) return;
    const fresh = notifications.filter((each) => !known.has(each.id) && each.read_at === null && !isOnScreen(each));
    const due = fresh.find(({ kind }) => reminders.has(kind));
    if (due && playsSound) void ring(due.id);
    if (fresh.length > shownApart)
      toasts.show({
        id: `several-${fresh[0]?.id}`,
        title: `${fresh.length} novidades`,
        message: "Estão no sino, da mais nova à mais antiga.",
        color: colors.neutral,
        autoClose: shownMs,
      });
    else for (const each of fresh) show(each);
  }, [notifications, playsSound]);
}

/** A message in the talk that somebody is looking at is no news, nor is the end of an import that somebody watches: its
 * toast would lie over the very buttons that come next. */
function isOnScreen({ kind, payload }: Notification): boolean {
  const talk = `[data-talk="${CSS.escape(String(payload.conversation_id))}"]`;
  const watched = `[data-import="${CSS.escape(String(payload.import_id))}"]`;
  const shown = kind === "message_received" ? talk : kind === "import_finished" ? watched : null;
  return shown !== null && !document.hidden && document.querySelector(shown) !== null;
}

function show(notification: Notification): void {
  const { title, detail, href, tone } = tell(notification);
  toasts.show({
    id: notification.id,
    title,
    message: (
      <>
        {detail}{" "}
        <Link href={href} onClick={() => toasts.hide(notification.id)}>
          Abrir
        </Link>
      </>
    ),
    color: colors[tone],
    autoClose: reminders.has(notification.kind) ? reminderShownMs : shownMs,
  });
}
