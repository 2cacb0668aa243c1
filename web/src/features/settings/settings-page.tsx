import type { ReactNode } from "react";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { ApiKeys } from "./api-keys";

export function SettingsPage(): ReactNode {
  return (
    <SettingsRoom title="Configurações" room="general">
      <Panel title="Chaves de API">
        <ApiKeys />
      </Panel>
    </SettingsRoom>
  );
}
