import { authClient } from "@/lib/auth";
import { AppError } from "@/lib/errors";

export interface Credentials {
  email: string;
  password: string;
}

export async function signIn({ email, password }: Credentials): Promise<void> {
  const auth = await authClient();
  const { error } = await auth.signInWithPassword({ email: email.trim(), password });
  if (error) throw AppError.fromAuth(error);
}

/** The invitation is found by e-mail in the database; without one the account exists and belongs nowhere. */
export async function signUp({ email, password, name }: Credentials & { name: string }): Promise<void> {
  const auth = await authClient();
  const { data, error } = await auth.signUp({
    email: email.trim(),
    password,
    options: { data: { name: name.trim() } },
  });
  if (error) throw AppError.fromAuth(error);
  if (!data.session) await signIn({ email, password });
}
