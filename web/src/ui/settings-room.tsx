import type { ReactNode } from "react";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import classes from "@/ui/settings-room.module.css";
import { SettingsTabs } from "@/ui/settings-tabs";
import { EmptyState } from "@/ui/states";

/** One room of the settings: for admins alone, under the same title and tabs as the others. */
export function SettingsRoom({ title, children }: { title: string; children: ReactNode }): ReactNode {
  useDocumentTitle(title);
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
      {children}
    </div>
  );
}
