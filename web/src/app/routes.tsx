import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useEffect, useState } from "react";
import { Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import { MemberGate } from "@/app/member-gate";
import { NotFoundPage } from "@/app/not-found-page";
import {
  AgreementPage,
  AgreementsPage,
  AutomationPage,
  ChargingPage,
  ClientPage,
  DialerPage,
  IncomingPage,
  InvitationPage,
  LoginPage,
  PaymentsPage,
  PortfolioPage,
  preloadCode,
  preloadData,
  RemainingPages,
  ServicePage,
  SettingsPage,
} from "@/app/pages";
import { Shell } from "@/app/shell";
import { useUserId } from "@/lib/session";
import { PageSkeleton } from "@/ui/states";

export function Routes(): ReactNode {
  return (
    <Suspense fallback={null}>
      <Switch>
        <Route path="/login">
          <LoginPage />
        </Route>
        <Route path="/convite">
          <InvitationPage />
        </Route>
        <Route>
          <SignedIn />
        </Route>
      </Switch>
    </Suspense>
  );
}

function SignedIn(): ReactNode {
  const userId = useUserId();
  const queryClient = useQueryClient();
  const [path] = useLocation();
  const search = useSearch();
  const [firstPath] = useState(path);
  const [codeIsHere, setCodeIsHere] = useState(false);
  useEffect(() => {
    // A chunk that cannot be had is reported by the page that asks for it again.
    void preloadCode(firstPath).finally(() => setCodeIsHere(true));
  }, [firstPath]);
  useEffect(() => {
    // The screen's own request leaves beside the session's, not after it.
    if (userId) void preloadData(queryClient, firstPath);
  }, [userId, firstPath, queryClient]);
  if (userId === undefined) return null;
  if (userId === null) {
    const asked = `${path}${search ? `?${search}` : ""}`;
    return <Redirect to={path === "/" ? "/login" : `/login?voltar=${encodeURIComponent(asked)}`} replace />;
  }
  return (
    <MemberGate userId={userId}>
      <Shell>
        <Suspense fallback={<PageSkeleton />}>{codeIsHere ? <Pages /> : <PageSkeleton />}</Suspense>
        <Suspense fallback={null}>
          <RemainingPages />
        </Suspense>
      </Shell>
    </MemberGate>
  );
}

function Pages(): ReactNode {
  return (
    <Switch>
      <Route path="/">
        <Redirect to="/carteira" replace />
      </Route>
      <Route path="/carteira">
        <PortfolioPage />
      </Route>
      <Route path="/carteira/:document">{({ document }) => <ClientPage document={document} key={document} />}</Route>
      <Route path="/atendimento">
        <IncomingPage />
      </Route>
      <Route path="/discador">
        <DialerPage />
      </Route>
      <Route path="/atendimento/:id">{({ id }) => <ServicePage clientId={id} key={id} />}</Route>
      <Route path="/acordos">
        <AgreementsPage />
      </Route>
      <Route path="/acordos/pagamentos">
        <PaymentsPage />
      </Route>
      <Route path="/acordos/:id">{({ id }) => <AgreementPage id={id} key={id} />}</Route>
      <Route path="/automacao">
        <AutomationPage />
      </Route>
      <Route path="/configuracoes/cobranca">
        <ChargingPage />
      </Route>
      <Route path="/configuracoes">
        <SettingsPage />
      </Route>
      <Route>
        <NotFoundPage />
      </Route>
    </Switch>
  );
}
