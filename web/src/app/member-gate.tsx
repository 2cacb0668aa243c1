import { Button } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import classes from "@/app/member-gate.module.css";
import { enterTenant, MemberProvider, type MemberSession, roleNames, signOut, useSessionContext } from "@/lib/session";
import { selectedTenant, selectTenant } from "@/lib/tenant-choice";
import { ErrorState } from "@/ui/states";

/** Everything behind it has a user, a tenant and a role. */
export function MemberGate({ userId, children }: { userId: string; children: ReactNode }): ReactNode {
  const { data: session, error, refetch } = useSessionContext(userId);
  const staleChoice = session && !session.tenants.some(({ id }) => id === selectedTenant());
  useEffect(() => {
    // A membership that ended must not keep naming its tenant in every request.
    if (staleChoice) selectTenant(null);
  }, [staleChoice]);
  if (!session) return error ? <ErrorState error={error} onRetry={() => void refetch()} fullPage /> : null;
  if (session.tenant) return <MemberProvider session={session as MemberSession}>{children}</MemberProvider>;
  return (
    <main className={classes.gate}>
      <h1>{session.tenants.length > 0 ? "Em qual assessoria você vai trabalhar?" : "Falta um convite"}</h1>
      {session.tenants.length === 0 && (
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
      <Button variant="subtle" onClick={() => void signOut()}>
        Sair
      </Button>
    </main>
  );
}
