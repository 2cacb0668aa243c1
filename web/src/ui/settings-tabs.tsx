import type { ReactNode } from "react";
import { TabLinks } from "@/ui/tab-links";

/** The rooms of the settings; each is a line here and a line in app/rooms.tsx. */
const tabs = [
  { href: "/configuracoes", label: "Geral" },
  { href: "/configuracoes/pessoas", label: "Pessoas" },
  { href: "/configuracoes/tabulacoes", label: "Tabulações" },
  { href: "/configuracoes/credores", label: "Credores" },
  { href: "/configuracoes/cobranca", label: "Cobrança" },
  { href: "/configuracoes/contato", label: "Contato" },
  { href: "/configuracoes/whatsapp", label: "WhatsApp" },
  { href: "/configuracoes/custos", label: "Custos" },
  { href: "/configuracoes/integracoes", label: "Integrações" },
  { href: "/configuracoes/privacidade", label: "Privacidade" },
];

export function SettingsTabs(): ReactNode {
  return <TabLinks label="Seções das configurações" links={tabs} />;
}
