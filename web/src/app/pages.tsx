import type { QueryClient } from "@tanstack/react-query";
import { type ComponentType, lazy, type ReactNode, useState } from "react";
import { afterPaint } from "@/app/after-paint";
import { serviceQuery } from "@/features/service/queries";
import { learnRemaining } from "@/lib/sentences";

interface Page<Props> {
  Page: ComponentType<Props>;
  preload: () => Promise<void>;
}

/** Like `lazy`, but a page whose code is already here renders at once: React holds back what was suspended, however briefly,
 * until 300 ms after the fallback. */
function page<Props extends object>(load: () => Promise<ComponentType<Props>>): Page<Props> {
  let here: ComponentType<Props> | undefined;
  const Later = lazy(async () => ({ default: await load() })) as unknown as ComponentType<Props>;
  return {
    preload: async () => {
      here = await load();
    },
    Page: (props: Props): ReactNode => {
      const [Chosen] = useState(() => here ?? Later);
      return <Chosen {...props} />;
    },
  };
}

const login = page(() => import("@/features/login/login-page").then((m) => m.LoginPage));
const invitation = page(() => import("@/features/login/invitation-page").then((m) => m.InvitationPage));
const portfolio = page(() => import("@/app/portfolio-room").then((m) => m.PortfolioRoom));
const client = page(() => import("@/app/client-room").then((m) => m.ClientRoom));
const service = page(() => import("@/app/service-room").then((m) => m.ServiceRoom));
const automation = page(() => import("@/features/automation/automation-page").then((m) => m.AutomationPage));
const settings = page(() => import("@/features/settings/settings-page").then((m) => m.SettingsPage));
const agreements = page(() => import("@/features/agreements/agreements-page").then((m) => m.AgreementsPage));
const agreement = page(() => import("@/app/agreement-room").then((m) => m.AgreementRoom));
const payments = page(() => import("@/features/payments/payments-page").then((m) => m.PaymentsPage));
const dialer = page(() => import("@/features/dialer/dialer-page").then((m) => m.DialerPage));
const incoming = page(() => import("@/features/dialer/incoming-page").then((m) => m.IncomingPage));
const charging = page(() => import("@/features/charging/charging-page").then((m) => m.ChargingPage));

export const LoginPage = login.Page;
export const InvitationPage = invitation.Page;
export const PortfolioPage = portfolio.Page;
export const ClientPage = client.Page;
export const ServicePage = service.Page;
export const AutomationPage = automation.Page;
export const SettingsPage = settings.Page;
export const AgreementsPage = agreements.Page;
export const AgreementPage = agreement.Page;
export const PaymentsPage = payments.Page;
export const ChargingPage = charging.Page;
export const DialerPage = dialer.Page;
export const IncomingPage = incoming.Page;

function serviceIdOf(path: string): string | undefined {
  return /^\/atendimento\/([^/]+)$/.exec(path)?.[1];
}

/** Fetches the code of a path's page, so that it need not suspend. */
export async function preloadCode(path: string): Promise<void> {
  if (serviceIdOf(path)) return service.preload();
  await learnRemaining();
  if (path.startsWith("/carteira/")) await client.preload();
  else if (path === "/acordos/pagamentos") await payments.preload();
  else if (path.startsWith("/acordos/")) await agreement.preload();
  else if (path.startsWith("/acordos")) await agreements.preload();
  else if (path.startsWith("/automacao")) await automation.preload();
  else if (path === "/discador") await dialer.preload();
  else if (path === "/atendimento") await incoming.preload();
  else if (path === "/configuracoes/cobranca") await charging.preload();
  else if (path.startsWith("/configuracoes")) await settings.preload();
  else await portfolio.preload();
}

/** Asks for the service screen's data while the session is still being asked for. */
export async function preloadData(queryClient: QueryClient, path: string): Promise<void> {
  const clientId = serviceIdOf(path);
  if (clientId) await queryClient.prefetchQuery(serviceQuery(queryClient, clientId));
}

/** The other rooms' code is a few kB each: fetched when the first one is painted, so that no later click waits for it. */
export const RemainingPages = afterPaint(async () => {
  const rooms = [
    portfolio,
    client,
    service,
    automation,
    settings,
    agreements,
    agreement,
    payments,
    charging,
    dialer,
    incoming,
  ];
  await Promise.all([learnRemaining(), ...rooms.map(({ preload }) => preload())]);
  return () => null;
});
