import type { QueryClient } from "@tanstack/react-query";
import type { ComponentType, ReactNode } from "react";
import { matchRoute, type Parser, type StringRouteParams } from "wouter";
import { serviceQuery } from "@/features/service/queries";
import { afterPaint, later, painted } from "@/lib/later";
import { learnRemaining } from "@/lib/sentences";

interface Room {
  path: string;
  Page: ComponentType<{ params: object }>;
  preload: () => Promise<void>;
}

/** A page whose properties are the path's parameters. */
function room<Path extends string, Name extends string>(
  path: Path,
  load: () => Promise<Record<Name, ComponentType<StringRouteParams<Path>>>>,
  name: Name,
): Room {
  const Chosen = later(load, (code) => code[name] as ComponentType<object>);
  return {
    path,
    preload: Chosen.preload,
    // Another client, agreement or batch is another page: nothing of the last one may stand in it.
    Page: ({ params }): ReactNode => <Chosen {...params} key={Object.values(params).join("/")} />,
  };
}

const login = room("/login", () => import("@/features/login/login-page"), "LoginPage");
const invitation = room("/convite", () => import("@/features/login/invitation-page"), "InvitationPage");
const invited = room("/convite/:invitation", () => import("@/features/login/invitation-page"), "InvitationPage");

export const entrances: Room[] = [login, invitation, invited];

const servicePath = "/atendimento/:clientId";

/** Every page behind the sign-in; of two that match, the first is shown. Its place in the navigation is a line in doors.ts. */
export const rooms: Room[] = [
  room("/carteira", () => import("@/app/portfolio-room"), "PortfolioRoom"),
  room("/carteira/:document", () => import("@/app/client-room"), "ClientRoom"),
  room("/atendimento", () => import("@/features/calls/incoming-page"), "IncomingPage"),
  room(servicePath, () => import("@/app/service-room"), "ServiceRoom"),
  room("/agenda", () => import("@/features/agenda/agenda-page"), "AgendaPage"),
  room("/acordos", () => import("@/features/agreements/agreements-page"), "AgreementsPage"),
  room("/acordos/pagamentos", () => import("@/features/payments/payments-page"), "PaymentsPage"),
  room("/acordos/:id", () => import("@/app/agreement-room"), "AgreementRoom"),
  room("/conversas", () => import("@/features/conversation/inbox-page"), "InboxPage"),
  room("/conversas/:conversationId", () => import("@/features/conversation/inbox-page"), "InboxPage"),
  room("/discador", () => import("@/features/dialer/dialer-page"), "DialerPage"),
  room("/disparos", () => import("@/features/broadcast/batches-page"), "BatchesPage"),
  room("/disparos/novo", () => import("@/features/broadcast/start-page"), "StartPage"),
  room("/disparos/novo/:draft", () => import("@/features/broadcast/compose-page"), "ComposePage"),
  room("/disparos/:id", () => import("@/features/broadcast/batch-page"), "BatchPage"),
  room("/painel", () => import("@/app/panel-room"), "PanelRoom"),
  room("/automacao", () => import("@/app/automation-rooms"), "RulesRoom"),
  room("/automacao/nova", () => import("@/app/automation-rooms"), "NewRuleRoom"),
  room("/automacao/regras/:ruleId", () => import("@/app/automation-rooms"), "RuleRoom"),
  room("/automacao/execucoes", () => import("@/app/automation-rooms"), "RunsRoom"),
  room("/automacao/falhas", () => import("@/app/automation-rooms"), "FailuresRoom"),
  room("/configuracoes", () => import("@/features/settings/settings-page"), "SettingsPage"),
  room("/configuracoes/privacidade", () => import("@/features/privacy/privacy-page"), "PrivacyPage"),
  room("/configuracoes/credores", () => import("@/features/creditors/creditors-page"), "CreditorsPage"),
  room("/configuracoes/tabulacoes", () => import("@/features/dispositions/dispositions-page"), "DispositionsPage"),
  room("/configuracoes/integracoes", () => import("@/features/integrations/integrations-page"), "IntegrationsPage"),
  room("/configuracoes/pessoas", () => import("@/features/people/people-page"), "PeoplePage"),
  room("/configuracoes/whatsapp", () => import("@/features/whatsapp/whatsapp-page"), "WhatsappPage"),
  room("/configuracoes/contato", () => import("@/features/contact/contact-page"), "ContactPage"),
  room("/configuracoes/custos", () => import("@/features/panel/costs-page"), "CostsPage"),
  room("/configuracoes/cobranca", () => import("@/features/charging/charging-page"), "ChargingPage"),
];

/** Fetches the code of a path's page, so that it need not suspend. */
export async function preloadCode(parser: Parser, path: string): Promise<void> {
  const asked = rooms.find((each) => matchRoute(parser, each.path, path)[0]);
  if (asked?.path !== servicePath) await learnRemaining();
  await asked?.preload();
}

/** The service screen's code, once what is being looked at is painted. */
export async function preloadService(): Promise<void> {
  await painted();
  await rooms.find(({ path }) => path === servicePath)?.preload();
}

/** Asks for the service screen's data before the screen does: beside the session, or while it is asked whether a call may open it. */
export async function preloadData(parser: Parser, queryClient: QueryClient, path: string): Promise<void> {
  const [served, params] = matchRoute(parser, servicePath, path);
  if (served) await queryClient.prefetchQuery(serviceQuery(queryClient, params.clientId));
}

/** Where the person asked their browser to save data. */
function savesData(): boolean {
  return "connection" in navigator && (navigator.connection as { saveData?: boolean }).saveData === true;
}

/** The other rooms' code is a few kB each: fetched when the first one is painted, so that no later click waits for it. Together
 * they are several times the first one: whoever saves data fetches each when its door is opened. */
export const RemainingPages = afterPaint(
  async () => {
    const others = savesData() ? [] : rooms.map(({ preload }) => preload());
    await Promise.all([learnRemaining(), ...others]);
  },
  () => () => null,
);
