import { Button } from "@mantine/core";
import { IconCircle, IconCircleCheck } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { plural } from "@/lib/format";
import { Panel } from "@/ui/panel";
import classes from "./first-steps.module.css";
import { firstStepsKey, hideFirstSteps, type StepKey, useFirstSteps } from "./queries";

const words: Record<StepKey, { label: string; why: string; href: string }> = {
  providers: {
    label: "Conecte um provedor",
    why: "Salve os dados e teste até o teste responder que funciona.",
    href: "/configuracoes/integracoes",
  },
  people: { label: "Convide um operador", why: "O convite vai por e-mail.", href: "/configuracoes/pessoas" },
  portfolio: {
    label: "Importe a carteira",
    why: "Um arquivo CSV ou XLSX, pelo botão Importar.",
    href: "/carteira",
  },
  rule: { label: "Escreva e simule uma regra", why: "Veja quem ela alcança antes de ligar.", href: "/automacao" },
  disposition: {
    label: "Faça a primeira tabulação",
    why: "Abra um cliente e escolha o resultado do contato.",
    href: "/carteira",
  },
  panel: { label: "Leia o painel", why: "Cada número abre as linhas que o formam.", href: "/painel" },
};

/** What a new agency does first; each line is ticked by what happened, not by hand. */
export function FirstSteps(): ReactNode {
  const queryClient = useQueryClient();
  const { data } = useFirstSteps();
  const hide = useMutation({
    mutationFn: hideFirstSteps,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: firstStepsKey }),
  });
  if (!data) return null;
  const isOver = data.left === 0;
  return (
    <Panel
      title="Primeiros passos"
      className={classes.panel}
      aside={
        <>
          {isOver ? "Tudo pronto" : `${plural(data.left, "falta", "faltam")}`}
          <Button size="compact-xs" variant="subtle" loading={hide.isPending} onClick={() => hide.mutate()}>
            {isOver ? "Fechar" : "Não mostrar mais"}
          </Button>
        </>
      }
    >
      <ol className={classes.steps}>
        {data.steps.map(({ key, is_done }) => {
          const { label, why, href } = words[key];
          return (
            <li key={key} data-done={is_done || undefined}>
              {is_done ? <IconCircleCheck size={18} aria-hidden /> : <IconCircle size={18} aria-hidden />}
              <span>
                <Link href={href}>{label}</Link>{" "}
                <span className="hidden-visually">{is_done ? "feito" : "a fazer"}</span>
                {!is_done && <small>{why}</small>}
              </span>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
