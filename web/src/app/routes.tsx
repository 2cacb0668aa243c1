import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useEffect, useState } from "react";
import { Redirect, Route, Switch, useLocation, useRouter, useSearch } from "wouter";
import { MemberGate } from "@/app/member-gate";
import { NotFoundPage } from "@/app/not-found-page";
import { entrances, preloadCode, preloadData, RemainingPages, rooms } from "@/app/rooms";
import { Shell } from "@/app/shell";
import { useUserId } from "@/lib/session";
import { Boundary } from "@/ui/boundary";
import { PageSkeleton } from "@/ui/states";

export function Routes(): ReactNode {
  return (
    <Suspense fallback={null}>
      <Switch>
        {entrances.map(({ path, Page }) => (
          <Route key={path} path={path} component={Page} />
        ))}
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
  const { parser } = useRouter();
  const [path] = useLocation();
  const search = useSearch();
  const [firstPath] = useState(path);
  const [codeIsHere, setCodeIsHere] = useState(false);
  useEffect(() => {
    // A chunk that cannot be had is reported by the page that asks for it again.
    void preloadCode(parser, firstPath).finally(() => setCodeIsHere(true));
  }, [parser, firstPath]);
  useEffect(() => {
    // The screen's own request leaves beside the session's, not after it.
    if (userId) void preloadData(parser, queryClient, firstPath);
  }, [userId, parser, firstPath, queryClient]);
  if (userId === undefined) return null;
  if (userId === null) {
    const asked = `${path}${search ? `?${search}` : ""}`;
    return <Redirect to={path === "/" ? "/login" : `/login?voltar=${encodeURIComponent(asked)}`} replace />;
  }
  return (
    <MemberGate userId={userId}>
      <Shell>
        <Boundary key={path}>
          <Suspense fallback={<PageSkeleton />}>{codeIsHere ? <Pages /> : <PageSkeleton />}</Suspense>
        </Boundary>
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
      {rooms.map(({ path, Page }) => (
        <Route key={path} path={path} component={Page} />
      ))}
      <Route>
        <NotFoundPage />
      </Route>
    </Switch>
  );
}
