import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useEffect } from "react";
import { Link, useRouter } from "wouter";
import { ClockBanner } from "@/app/clock-banner";
import { MainNav } from "@/app/main-nav";
import { preloadData, preloadService } from "@/app/rooms";
import classes from "@/app/shell.module.css";
import { PendingBadge } from "@/features/service/pending-badge";
import { afterPaint } from "@/lib/later";
import { useMember } from "@/lib/session";

const NotificationBell = afterPaint(
  () => import("@/features/notifications/notification-bell"),
  (m) => m.NotificationBell,
);
const LinkBanner = afterPaint(
  () => import("@/app/link-banner"),
  (m) => m.LinkBanner,
);
const InvitationsForMe = afterPaint(
  () => import("@/app/invitations-for-me"),
  (m) => m.InvitationsForMe,
);
const CallWatch = afterPaint(
  () => import("@/features/calls/call-watch"),
  (m) => m.CallWatch,
);
const Toasts = afterPaint(
  () => import("@/app/toasts"),
  (m) => m.Toasts,
);
const UndoElsewhere = afterPaint(
  () => import("@/features/service/undo-elsewhere"),
  (m) => m.UndoElsewhere,
);
const UserMenu = afterPaint(
  () => import("@/app/user-menu"),
  (m) => m.UserMenu,
);

/** A rail beside the page; on a phone a strip above it (who I am, what is new) and the doors below, under the thumb. */
export function Shell({ children }: { children: ReactNode }): ReactNode {
  const { seat } = useMember();
  const queryClient = useQueryClient();
  const { parser } = useRouter();
  const isSeated = seat !== null;
  useEffect(() => {
    // Whoever saves data, too: a call may come at any moment, and nobody should say "alô" to a page that is being fetched.
    if (isSeated) void preloadService();
  }, [isSeated]);
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#conteudo">
        Ir para o conteúdo
      </a>
      <div className={classes.rail}>
        <Link href="/carteira" className={classes.mark} aria-label="Cobrança, início">
          <img src="/icon.svg" alt="" width={28} height={28} />
        </Link>
        <MainNav />
        <div className={classes.tools}>
          <PendingBadge />
          <Suspense fallback={<span className={classes.toolsLater} />}>
            <NotificationBell />
            <UserMenu />
          </Suspense>
        </div>
      </div>
      <Suspense fallback={null}>
        <Toasts />
        <UndoElsewhere />
      </Suspense>
      <div className={classes.main}>
        <ClockBanner />
        <Suspense fallback={null}>
          <LinkBanner />
          <InvitationsForMe />
        </Suspense>
        <div className={classes.desk} data-seated={seat !== null || undefined}>
          <Suspense fallback={null}>
            <CallWatch prepare={(path) => void preloadData(parser, queryClient, path)} />
          </Suspense>
        </div>
        <main id="conteudo" className={classes.content} tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}
