import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { PickedCreditor } from "@/lib/creditor-choices";
import type { Role } from "@/lib/session";
import { callFunction, rpc, shaped } from "@/lib/supabase";

export interface Member {
  membership_id: string;
  user_id: string;
  name: string;
  email: string;
  role: Role;
  last_seen_at: string | null;
  is_me: boolean;
  is_last_admin: boolean;
  /** The person's own limit; null is by team, or everything. */
  creditor_ids: string[] | null;
  /** What holds in the end; null is everything. */
  scope: string[] | null;
  work: { clients: number; callbacks: number; talks: number };
}

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  name: string | null;
  state: "open" | "expired" | "revoked" | "declined";
  creditor_ids: string[] | null;
  expires_at: string;
  mailed_at: string | null;
}

export interface Team {
  id: string;
  name: string;
  creditor_ids: string[] | null;
  user_ids: string[];
}

export interface Named {
  id: string;
  name: string;
}

export interface People {
  people: Member[];
  invitations: Invitation[];
  past: { membership_id: string; name: string; email: string; role: Role; ended_at: string }[];
  teams: Team[];
  creditors: PickedCreditor[];
}

export const peopleKey = ["people"];

export function usePeople(): UseQueryResult<People> {
  return useQuery({ queryKey: peopleKey, queryFn: () => shaped<People>(rpc("list_people", {})) });
}

/** The auth service hands the mail to a mail server before it answers. */
const mailTimeoutMs = 30_000;

type Invited = { id: string; outcome: "mailed" };

export interface Asked {
  email: string;
  role: Role;
  name: string;
  creditor_ids: string[] | null;
}

export async function invite(asked: Asked): Promise<Invited> {
  return callFunction<Invited>("invite-person", JSON.stringify(asked), {}, mailTimeoutMs);
}

export async function resend(invitationId: string): Promise<Invited> {
  const body = JSON.stringify({ invitation_id: invitationId });
  return callFunction<Invited>("invite-person", body, {}, mailTimeoutMs);
}

export async function revokeInvitation(id: string): Promise<void> {
  await rpc("revoke_invitation", { invitation_id: id });
}

export async function setRole({ id, role }: { id: string; role: Role }): Promise<void> {
  await rpc("set_member_role", { membership_id: id, role });
}

export async function setScope(id: string, creditorIds: string[] | null): Promise<void> {
  // Left out, the argument is SQL's null: by team, or everything.
  await rpc("set_member_scope", { membership_id: id, ...(creditorIds && { creditor_ids: creditorIds }) });
}

export async function removeMember(id: string, handTo: string | null): Promise<void> {
  await rpc("revoke_membership", { membership_id: id, ...(handTo && { hand_to: handTo }) });
}

/** By user: what holds for whoever a team limited no more; null is everything. */
export type Limits = Record<string, string[] | null>;

export async function saveTeam(team: Omit<Team, "id"> & { id?: string; limits: Limits }): Promise<void> {
  await rpc("save_team", { team });
}

export async function archiveTeam({ id, limits }: { id: string; limits: Limits }): Promise<void> {
  await rpc("archive_team", { team_id: id, limits });
}
