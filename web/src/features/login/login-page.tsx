import "@mantine/core/styles/PasswordInput.css";
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Redirect, useSearch } from "wouter";
import { sentenceFor } from "@/lib/errors";
import { useUserId } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Entrance, FormError } from "./entrance";
import { signIn } from "./queries";
import { returnPath } from "./return-path";

export function LoginPage(): ReactNode {
  useDocumentTitle("Entrar");
  const search = useSearch();
  const userId = useUserId();
  const { mutate, isPending, error } = useMutation({ mutationFn: signIn });
  if (userId) return <Redirect to={returnPath(search)} replace />;
  return (
    <Entrance title="Entre na sua conta" lead="Use o e-mail da sua assessoria.">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          mutate({ email: String(form.get("email")), password: String(form.get("password")) });
        }}
      >
        <TextInput
          label="E-mail"
          name="email"
          type="email"
          autoComplete="username"
          required
          withAsterisk={false}
          autoFocus
        />
        <PasswordInput
          label="Senha"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={{ "aria-label": "Mostrar ou esconder a senha" }}
        />
        <FormError sentence={error ? sentenceFor(error) : null} />
        <Button type="submit" size="md" loading={isPending} fullWidth>
          Entrar
        </Button>
      </form>
    </Entrance>
  );
}
