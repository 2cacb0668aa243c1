import type { ReactNode } from "react";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { EmptyState } from "@/ui/states";
import { TabLinks } from "@/ui/tab-links";
import { ApiKeys } from "./api-keys";
import classes from "./settings-page.module.css";

export function SettingsPage(): ReactNode {
  useDocumentTitle("Configurações");
  const isAdmin = useHasRole("admin");
  if (!isAdmin)
    return (
      <EmptyState title="Só administradores mudam as configurações">
        Peça a quem administra a sua assessoria.
      </EmptyState>
    );
  return (
    <div className={classes.page}>
      <h1>Configurações</h1>
      <TabLinks
        label="Seções das configurações"
        links={[
          { href: "/configuracoes", label: "Geral" },
          { href: "/configuracoes/cobranca", label: "Cobrança" },
        ]}
      />
      <Panel title="Chaves de API">
        <ApiKeys />
      </Panel>
    </div>
  );
}
