import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { EmptyState } from "@/ui/states";

export function NotFoundPage(): ReactNode {
  return (
    <EmptyState
      title="Esta página não existe"
      action={
        <Button component={Link} href="/carteira">
          Ir para a carteira
        </Button>
      }
    >
      O endereço pode ter mudado ou ter sido digitado com um erro.
    </EmptyState>
  );
}
