import {
  IconAddressBook,
  IconBolt,
  IconCalendarClock,
  IconCash,
  IconChartBar,
  IconFileDollar,
  IconMessages,
  IconPhoneOutgoing,
  IconSend,
  IconSettings,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { afterPaint } from "@/lib/later";
import { type Role, useHasRole } from "@/lib/session";

export interface Door {
  href: string;
  label: string;
  icon: typeof IconBolt;
  /** The least role that finds something to do there; everybody without it. The page and SQL decide for themselves. */
  role?: Role;
  /** What waits behind it; shown once the page is painted. */
  badge?: ComponentType;
}

const UnreadBadge = afterPaint(
  () => import("@/features/conversation/unread-badge"),
  (m) => m.UnreadBadge,
);

/** The rooms in the order of the rail, the most visited first: a phone's bar shows the first few, "Mais" the rest. */
const doors: Door[] = [
  { href: "/carteira", label: "Carteira", icon: IconAddressBook },
  { href: "/conversas", label: "Conversas", icon: IconMessages, badge: UnreadBadge },
  { href: "/agenda", label: "Agenda", icon: IconCalendarClock },
  { href: "/acordos", label: "Acordos", icon: IconFileDollar },
  { href: "/acordos/pagamentos", label: "Pagamentos", icon: IconCash },
  { href: "/discador", label: "Discador", icon: IconPhoneOutgoing },
  { href: "/disparos", label: "Disparos", icon: IconSend },
  { href: "/painel", label: "Painel", icon: IconChartBar, role: "supervisor" },
  { href: "/automacao", label: "Automação", icon: IconBolt, role: "supervisor" },
  { href: "/configuracoes", label: "Configurações", icon: IconSettings, role: "admin" },
];

export function useDoors(): Door[] {
  const may: Record<Role, boolean> = {
    operator: true,
    supervisor: useHasRole("supervisor"),
    admin: useHasRole("admin"),
  };
  return doors.filter(({ role = "operator" }) => may[role]);
}
