import type { ReactNode } from "react";
import { useHasRole } from "@/lib/session";
import type { SettingsRoomName } from "@/lib/settings-versions";
import { useDocumentTitle } from "@/ui/document-title";
import { HistoryButton } from "@/ui/history/history-button";
import classes from "@/ui/settings-room.module.css";
import { SettingsTabs } from "@/ui/settings-tabs";
import { EmptyState } from "@/ui/states";

interface SettingsRoomProps {
  title: string;
  /** Whose changes its history tells; none where nothing is ever changed, only added. */
  room?: SettingsRoomName;
  children: ReactNode;
}

/** One room of the settings: for admins alone, under the same title, tabs and history as the others. */
export function SettingsRoom({ title, room, children }: SettingsRoomProps): ReactNode {
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
      <header className={classes.head}>
        <h1>Configurações</h1>
        {room && <HistoryButton room={room} />}
      </header>
      <SettingsTabs />
      {children}
    </div>
  );
}
