import { useQueryClient } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import { MemberGate } from "@/app/member-gate";
import { NotFoundPage } from "@/app/not-found-page";
import { preloadServicePage, serviceIdFromPath } from "@/app/preload";
import { Shell } from "@/app/shell";
import { useUserId } from "@/lib/session";
import { PageSkeleton } from "@/ui/states";

const LoginPage = lazy(() => import("@/features/login/login-page").then((m) => ({ default: m.LoginPage })));
const InvitationPage = lazy(() =>
  import("@/features/login/invitation-page").then((m) => ({ default: m.InvitationPage })),
);
const PortfolioPage = lazy(() =>
  import("@/features/portfolio/portfolio-page").then((m) => ({ default: m.PortfolioPage })),
);
const ClientPage = lazy(() => import("@/features/client/client-page").then((m) => ({ default: m.ClientPage })));
const ServicePage = lazy(() => import("@/features/service/service-page").then((m) => ({ default: m.ServicePage })));
const AutomationPage = lazy(() =>
  import("@/features/automation/automation-page").then((m) => ({ default: m.AutomationPage })),
);

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
  const serviceId = serviceIdFromPath(path);
  useEffect(() => {
    // The screen's own request leaves beside the session's, not after it.
    if (userId && serviceId) void preloadServicePage(queryClient, serviceId);
  }, [userId, serviceId, queryClient]);
  if (userId === undefined) return null;
  if (userId === null) {
    const asked = `${path}${search ? `?${search}` : ""}`;
    return <Redirect to={path === "/" ? "/login" : `/login?voltar=${encodeURIComponent(asked)}`} replace />;
  }
  return (
    <MemberGate userId={userId}>
      <Shell>
        <Suspense fallback={<PageSkeleton />}>
          <Pages />
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
      <Route path="/atendimento/:id">{({ id }) => <ServicePage clientId={id} key={id} />}</Route>
      <Route path="/automacao">
        <AutomationPage />
      </Route>
      <Route>
        <NotFoundPage />
      </Route>
    </Switch>
  );
}
