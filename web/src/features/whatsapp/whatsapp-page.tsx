import type { ReactNode } from "react";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { SettingsTabs } from "@/ui/settings-tabs";
import { EmptyState } from "@/ui/states";
import { LimitForm } from "./limit-form";
import { RateCard } from "./rate-card";
import { Replies } from "./replies";
import { Senders } from "./senders";
import { Templates } from "./templates";
import classes from "./whatsapp.module.css";

/** Numbers, templates, prices and ready answers. */
export function WhatsappPage(): ReactNode {
  useDocumentTitle("WhatsApp");
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
    </div>
  );
}
