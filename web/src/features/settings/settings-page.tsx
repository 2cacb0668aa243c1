import type { ReactNode } from "react";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { SettingsTabs } from "@/ui/settings-tabs";
import { EmptyState } from "@/ui/states";
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
      <SettingsTabs />
      <Panel title="Chaves de API">
        <ApiKeys />
      </Panel>
    </div>
  );
}
