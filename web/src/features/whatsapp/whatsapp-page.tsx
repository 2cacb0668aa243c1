import type { ReactNode } from "react";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { LimitForm } from "./limit-form";
import { RateCard } from "./rate-card";
import { Replies } from "./replies";
import { Senders } from "./senders";
import { Templates } from "./templates";
import classes from "./whatsapp.module.css";

/** Numbers, templates, prices and ready answers. */
export function WhatsappPage(): ReactNode {
  return (
    <SettingsRoom title="WhatsApp" room="whatsapp">
      <Panel title="Números de envio">
        <Senders />
      </Panel>
      <Panel title="Modelos de mensagem">
        <Templates />
      </Panel>
      <div className={classes.columns}>
        <Panel title="Preços por mensagem">
          <RateCard />
        </Panel>
        <Panel title="Disparos grandes">
          <LimitForm />
        </Panel>
      </div>
      <Panel title="Respostas prontas">
        <Replies />
      </Panel>
    </SettingsRoom>
  );
}
