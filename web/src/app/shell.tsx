import { IconAddressBook, IconBolt, IconFileDollar, IconHeadset, IconPhoneOutgoing } from "@tabler/icons-react";
import { type ReactNode, Suspense } from "react";
import { Link, useLocation } from "wouter";
import { afterPaint } from "@/app/after-paint";
import { ClockBanner } from "@/app/clock-banner";
import { LinkBanner } from "@/app/link-banner";
import classes from "@/app/shell.module.css";
import { PendingBadge } from "@/features/service/pending-badge";
import { useLastServed } from "@/lib/last-served";

const NotificationBell = afterPaint(() =>
  import("@/features/notifications/notification-bell").then((m) => m.NotificationBell),
);
const CallWatch = afterPaint(() => import("@/features/dialer/call-watch").then((m) => m.CallWatch));
const Toasts = afterPaint(() => import("@/app/toasts").then((m) => m.Toasts));
const UserMenu = afterPaint(() => import("@/app/user-menu").then((m) => m.UserMenu));

interface Room {
  href: string;
  label: string;
  icon: typeof IconBolt;
}

const rooms: Room[] = [
  { href: "/carteira", label: "Carteira", icon: IconAddressBook },
  { href: "/acordos", label: "Acordos", icon: IconFileDollar },
  { href: "/discador", label: "Discador", icon: IconPhoneOutgoing },
  { href: "/automacao", label: "Automação", icon: IconBolt },
];

export function Shell({ children }: { children: ReactNode }): ReactNode {
  const [path] = useLocation();
  const served = useLastServed();
  const shown = served
    ? [...rooms, { href: `/atendimento/${served.id}`, label: served.firstName, icon: IconHeadset }]
    : rooms;
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#conteudo">
        Ir para o conteúdo
      </a>
      <nav className={classes.rail} aria-label="Principal">
        <Link href="/carteira" className={classes.mark} aria-label="Cobrança, início">
          <img src="/icon.svg" alt="" width={28} height={28} />
        </Link>
        <ul className={classes.rooms}>
          {shown.map(({ href, label, icon: Icon }) => (
            <li key={href}>
              <Link href={href} className={classes.room} aria-current={path.startsWith(href) ? "page" : undefined}>
                <Icon size={20} stroke={1.6} aria-hidden />
                <span>{label}</span>
              </Link>
            </li>
          ))}
        </ul>
        <div className={classes.tools}>
          <PendingBadge />
          <Suspense fallback={<span className={classes.toolsLater} />}>
            <NotificationBell />
            <UserMenu />
          </Suspense>
        </div>
      </nav>
      <Suspense fallback={null}>
        <Toasts />
      </Suspense>
      <div className={classes.main}>
        <ClockBanner />
        <LinkBanner />
        <Suspense fallback={null}>
          <CallWatch />
        </Suspense>
        <main id="conteudo" className={classes.content} tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}
