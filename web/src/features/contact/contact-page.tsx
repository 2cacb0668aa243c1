import type { ReactNode } from "react";
import { Link } from "wouter";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { Caps } from "./caps";
import classes from "./contact.module.css";
import { LawTable } from "./law-table";
import { OwnHours } from "./own-hours";

/** When people may be contacted, and how often: the law's part is read, the agency's is written. */
export function ContactPage(): ReactNode {
  return (
    <SettingsRoom title="Contato" room="contact">
      <p className={classes.note}>
        Ligações, disparos, regras e retornos perguntam aqui antes de sair, no horário de quem recebe.
      </p>
      <div className={classes.columns}>
        <Panel title="Horário da assessoria">
          <OwnHours />
        </Panel>
        <Panel title="Limite de tentativas por pessoa">
          <Caps />
        </Panel>
      </div>
      <Panel title="Horário que a lei permite">
        <LawTable />
      </Panel>
      <Panel title="Feriados">
        <p className={classes.body}>
          <span>
            Em feriado ninguém é contatado. Os nacionais e os estaduais já contam; os da sua cidade ficam em{" "}
            <Link href="/configuracoes/cobranca">Cobrança, no quadro Feriados</Link>, e valem também para vencimentos.
          </span>
        </p>
      </Panel>
    </SettingsRoom>
  );
}
