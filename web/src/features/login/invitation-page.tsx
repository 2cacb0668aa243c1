import "@mantine/core/styles/PasswordInput.css";
import { Anchor, Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, Redirect, useSearchParams } from "wouter";
import { sentenceFor } from "@/lib/errors";
import { useUserId } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Entrance, FormError } from "./entrance";
import { signUp } from "./queries";

/** Shorter passwords are refused by the auth service. */
const minPasswordLength = 8;

export function InvitationPage(): ReactNode {
  useDocumentTitle("Aceitar convite");
  const [params] = useSearchParams();
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
          defaultValue={params.get("email") ?? ""}
          required
          withAsterisk={false}
        />
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
