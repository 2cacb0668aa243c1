import { Button } from "@mantine/core";
import { type ReactNode, Suspense, useEffect } from "react";
import classes from "@/app/member-gate.module.css";
import { afterPaint } from "@/lib/later";
import { enterTenant, MemberProvider, type MemberSession, roleNames, signOut, useSessionContext } from "@/lib/session";
import { selectedTenant, selectTenant } from "@/lib/tenant-choice";
import { ErrorState } from "@/ui/states";

const MembershipWatch = afterPaint(
  () => import("@/app/membership-watch"),
  (m) => m.MembershipWatch,
);

const InvitationsForMe = afterPaint(
  () => import("@/app/invitations-for-me"),
  (m) => m.InvitationsForMe,
);

const endings = {
  removed: "encerrou o seu acesso",
  invitation_revoked: "revogou o convite",
  invitation_expired: "fez um convite que venceu",
} as const;

/** Everything behind it has a user, a tenant and a role. */
export function MemberGate({ userId, children }: { userId: string; children: ReactNode }): ReactNode {
  const { data: session, error, refetch } = useSessionContext(userId);
  const staleChoice = session && !session.tenants.some(({ id }) => id === selectedTenant());
  useEffect(() => {
    // A membership that ended must not keep naming its tenant in every request.
    if (staleChoice) selectTenant(null);
  }, [staleChoice]);
  if (!session) return error ? <ErrorState error={error} onRetry={() => void refetch()} fullPage /> : null;
  const [ended] = session.ended;
  if (session.tenant)
    return (
      <MemberProvider session={session as MemberSession}>
        {children}
        <Suspense fallback={null}>
          <MembershipWatch userId={userId} />
        </Suspense>
      </MemberProvider>
    );
  return (
    <main className={classes.gate}>
      <h1>
        {session.tenants.length > 0
          ? "Em qual assessoria você vai trabalhar?"
          : session.ended[0]
            ? "Seu acesso terminou"
            : "Falta um convite"}
      </h1>
      {ended && (
        <p role="status">
          {ended.tenant} {endings[ended.why]}. Se foi engano, fale com quem administra a assessoria.
        </p>
      )}
      {session.tenants.length === 0 && !ended && (
        <p>
          A conta {session.user.email} ainda não faz parte de uma assessoria. Peça um convite a quem administra a sua e
          entre de novo.
        </p>
      )}
      {session.tenants.map((tenant) => (
        <Button
          key={tenant.id}
          variant="default"
          fullWidth
          justify="space-between"
          onClick={() => enterTenant(tenant.id)}
        >
          {tenant.name} · {roleNames[tenant.role]}
        </Button>
      ))}
      <Suspense fallback={null}>
        <InvitationsForMe />
      </Suspense>
      <Button variant="subtle" onClick={() => void signOut()}>
        Sair
      </Button>
    </main>
  );
}
