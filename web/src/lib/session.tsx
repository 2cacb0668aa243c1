import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { authClient, keptSession, watchAuth } from "@/lib/auth";
import { setClock } from "@/lib/clock";
import { forgetServed } from "@/lib/last-served";
import { rpc, shaped } from "@/lib/supabase";
import { selectTenant } from "@/lib/tenant-choice";

export type Role = "operator" | "supervisor" | "admin";
const rank: Record<Role, number> = { operator: 0, supervisor: 1, admin: 2 };

export const roleNames: Record<Role, string> = {
  operator: "Operador",
  supervisor: "Supervisor",
  admin: "Administrador",
};

export interface SessionContext {
  user: { id: string; email: string; name: string };
  tenant: { id: string; name: string; time_zone: string; role: Role } | null;
  tenants: { id: string; name: string; role: Role }[];
  /** Agencies that were open to this person, or would have been; the newest first. */
  ended: { tenant: string; why: "removed" | "invitation_revoked" | "invitation_expired"; at: string }[];
  /** The caller's own agent at the dialer. */
  seat: { agent_id: number; can_call: boolean } | null;
  now: string;
  today: string;
  clock_shifted_seconds: number;
}

export interface MemberSession extends SessionContext {
  tenant: NonNullable<SessionContext["tenant"]>;
}

/** undefined while a session that has run out is being renewed. */
export function useUserId(): string | null | undefined {
  const [userId, setUserId] = useState<string | null | undefined>(() => keptSession()?.user.id);
  const queryClient = useQueryClient();
  useEffect(
    () =>
      watchAuth((event, session) => {
        if (event === "SIGNED_OUT") queryClient.clear();
        setUserId(session?.user.id ?? null);
      }),
    [queryClient],
  );
  return userId;
}

async function fetchSession(): Promise<SessionContext> {
  const session = await shaped<SessionContext>(rpc("session_context", {}));
  setClock(session.now, session.tenant?.time_zone ?? "America/Sao_Paulo");
  return session;
}

/** Role, tenant and clock as the database sees them; asked again now and then because a membership may end at any time. */
export function useSessionContext(userId: string): ReturnType<typeof useQuery<SessionContext>> {
  const refreshMs = 5 * 60_000;
  return useQuery({
    queryKey: ["session", userId],
    queryFn: fetchSession,
    refetchInterval: refreshMs,
    staleTime: refreshMs,
  });
}

const Context = createContext<MemberSession | null>(null);

export function MemberProvider({ session, children }: { session: MemberSession; children: ReactNode }): ReactNode {
  return <Context value={session}>{children}</Context>;
}

export function useMember(): MemberSession {
  const session = useContext(Context);
  if (!session) throw new Error("useMember outside MemberProvider");
  return session;
}

/** Hides what SQL would refuse anyway. */
export function useHasRole(role: Role): boolean {
  return rank[useMember().tenant.role] >= rank[role];
}

export function enterTenant(tenantId: string): void {
  selectTenant(tenantId);
  // A fresh document: no query, draft or channel of the other tenant can survive it.
  window.location.assign("/carteira");
}

export async function signOut(): Promise<void> {
  await (await authClient()).signOut({ scope: "local" });
  // The next person at this desk has served nobody yet.
  forgetServed();
  selectTenant(null);
}
