import "@mantine/core/styles/PasswordInput.css";
import { Anchor, Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link, Redirect, useSearchParams } from "wouter";
import { sentenceFor } from "@/lib/errors";
import { useUserId } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Entrance, FormError } from "./entrance";
import { acceptOwn, choosePassword, signUp, spendInvitationLink, takeName } from "./queries";

/** Shorter passwords are refused by the auth service. */
const minPasswordLength = 8;

export function InvitationPage({ invitation }: { invitation?: string }): ReactNode {
  useDocumentTitle("Aceitar convite");
  const [params] = useSearchParams();
  const token = params.get("token");
  return token ? <ByLink token={token} invitation={invitation} /> : <ByAddress email={params.get("email") ?? ""} />;
}

/** The mail's link proves the address and names who invites: a name and a password are all that is missing. */
function ByLink({ token, invitation }: { token: string; invitation: string | undefined }): ReactNode {
  const userId = useUserId();
  const [isSpent, setSpent] = useState(false);
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: async (typed: { name: string; password: string }) => {
      // A refused password must not ask for the link again: it is good once.
      if (!isSpent) await spendInvitationLink(token);
      setSpent(true);
      // The password first: of an account that a stranger made for this address beforehand, theirs is
      // still good, and nobody is a member with it.
      await choosePassword(typed);
      if (invitation) await acceptOwn(invitation);
      await takeName(typed.name);
    },
  });
  if (isSuccess && userId) return <Redirect to="/carteira" replace />;
  return (
    <Entrance title="Aceite o convite" lead="Diga o seu nome e escolha uma senha: é o que falta para entrar.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          mutate({ name: String(form.get("name")), password: String(form.get("password")) });
        }}
      >
        <TextInput label="Seu nome" name="name" autoComplete="name" required withAsterisk={false} autoFocus />
        <NewPassword />
        <FormError sentence={error ? sentenceFor(error) : null} />
        <Button type="submit" size="md" loading={isPending} fullWidth>
          Aceitar e entrar
        </Button>
      </form>
      <p>
        Já criou sua senha?{" "}
        <Anchor component={Link} href="/login">
          Entrar
        </Anchor>
      </p>
    </Entrance>
  );
}

function NewPassword(): ReactNode {
  return (
    <PasswordInput
      label="Senha"
      name="password"
      description={`Pelo menos ${minPasswordLength} caracteres.`}
      autoComplete="new-password"
      minLength={minPasswordLength}
      required
      withAsterisk={false}
      visibilityToggleButtonProps={{ "aria-label": "Mostrar ou esconder a senha" }}
    />
  );
}

function ByAddress({ email }: { email: string }): ReactNode {
  const userId = useUserId();
  const { mutate, isPending, error } = useMutation({ mutationFn: signUp });
  if (userId && !isPending) return <Redirect to="/carteira" replace />;
  return (
    <Entrance title="Aceite o convite" lead="Crie sua conta com o mesmo e-mail que recebeu o convite.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          mutate({
            name: String(form.get("name")),
            email: String(form.get("email")),
            password: String(form.get("password")),
          });
        }}
      >
        <TextInput label="Seu nome" name="name" autoComplete="name" required withAsterisk={false} autoFocus />
        <TextInput
          label="E-mail"
          name="email"
          type="email"
          autoComplete="username"
          defaultValue={email}
          required
          withAsterisk={false}
        />
        <NewPassword />
        <FormError sentence={error ? sentenceFor(error) : null} />
        <Button type="submit" size="md" loading={isPending} fullWidth>
          Criar conta e entrar
        </Button>
      </form>
      <p>
        Já tem conta?{" "}
        <Anchor component={Link} href="/login">
          Entrar
        </Anchor>
      </p>
    </Entrance>
  );
}
