import { authClient } from "@/lib/auth";
import { AppError } from "@/lib/errors";
import type { Role } from "@/lib/session";
import { rpc, shaped } from "@/lib/supabase";

export interface Credentials {
  email: string;
  password: string;
}

export async function signIn({ email, password }: Credentials): Promise<void> {
  const auth = await authClient();
  const { error } = await auth.signInWithPassword({ email: email.trim(), password });
  if (error) throw AppError.fromAuth(error);
}

/** A single invitation is found by e-mail in the database; of several the page asks, and without one the account belongs nowhere. */
export async function signUp({ email, password, name }: Credentials & { name: string }): Promise<void> {
  const auth = await authClient();
  const { data, error } = await auth.signUp({
    email: email.trim(),
    password,
    options: { data: { name: name.trim() } },
  });
  if (error) throw AppError.fromAuth(error);
  if (!data.session) await signIn({ email, password });
  await takeName(name);
}

/** Proves the address; a link that was used or has run out says so. */
export async function spendInvitationLink(token: string): Promise<void> {
  const auth = await authClient();
  const { error } = await auth.verifyOtp({ token_hash: token, type: "invite" });
  if (!error) return;
  const known = AppError.fromAuth(error);
  throw known.isTransient ? known : new AppError("invitation_link_dead", known.status, known.code);
}

/** The account's password and its name. */
export async function choosePassword({ name, password }: { name: string; password: string }): Promise<void> {
  const auth = await authClient();
  const { error } = await auth.updateUser({ password, data: { name: name.trim() } });
  // A second try after what follows failed: it was taken the first time.
  if (error && error.code !== "same_password") throw AppError.fromAuth(error);
}

/** How colleagues read the person: an auth service may tell of the name only after the member is made. */
export async function takeName(name: string): Promise<void> {
  const { tenants } = await shaped<{ tenants: { id: string }[] }>(rpc("session_context", {}));
  // In several agencies each keeps the name that is known there.
  if (tenants.length === 1) await rpc("rename_me", { name: name.trim() });
}

export interface InvitationForMe {
  id: string;
  agency: string;
  role: Role;
  invited_by: string | null;
  expires_at: string;
}

export const myInvitationsKey = ["my-invitations"];

/** Of agencies that ask somebody who has an account already. */
export function myInvitations(): Promise<InvitationForMe[]> {
  return shaped<InvitationForMe[]>(rpc("my_invitations", {}));
}

/** The agency's id, to enter it. */
export function answerInvitation({ id, accepts }: { id: string; accepts: boolean }): Promise<string> {
  return shaped<string>(rpc("answer_invitation", { invitation_id: id, accepts }));
}

/** The one that the mail's link names; taken back meanwhile, or answered before a reload, it is what the next page tells of. */
export async function acceptOwn(invitation: string): Promise<void> {
  try {
    await answerInvitation({ id: invitation, accepts: true });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "invitation_not_found") throw error;
  }
}
