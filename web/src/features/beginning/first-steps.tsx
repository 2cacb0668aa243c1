import { Button } from "@mantine/core";
import { IconCircle, IconCircleCheck } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { plural } from "@/lib/format";
import { Panel } from "@/ui/panel";
import classes from "./first-steps.module.css";
import { type FirstStep, firstStepsKey, hideFirstSteps, type StepKey, useFirstSteps } from "./queries";

interface Words {
  label: string;
  why: string;
  /** Where it is done; without it, here: in the dialog of the import or in the list below. */
  href?: string;
}

const words: Record<StepKey, Words> = {
  providers: {
    label: "Conecte os provedores",
    why: "WhatsApp, discador e pagamentos: salve os dados e teste até o teste responder que funciona.",
    href: "/configuracoes/integracoes",
  },
  templates: {
    label: "Traga os modelos do WhatsApp",
    why: "Sincronize e diga que campo preenche cada variável.",
    href: "/configuracoes/whatsapp",
  },
  people: { label: "Convide um operador", why: "O convite vai por e-mail.", href: "/configuracoes/pessoas" },
  portfolio: { label: "Importe a carteira", why: "Um arquivo CSV ou XLSX; antes de gravar você vê o que muda." },
  rule: {
    label: "Ligue duas regras",
    why: "Cinco já vêm prontas. Simule e veja quem cada uma alcança antes de ligar.",
    href: "/automacao",
  },
  disposition: {
    label: "Atenda dez clientes",
    why: "Na lista abaixo, Atender abre o cliente: tecle o resultado do contato.",
  },
  panel: { label: "Leia o painel", why: "Cada número abre as linhas que o formam.", href: "/painel" },
};

/** What a new agency does first; each line is ticked by what happened, not by hand. */
export function FirstSteps({ onImport }: { onImport: () => void }): ReactNode {
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
        {data.steps.map((step) => (
          <Step key={step.key} step={step} onImport={onImport} />
        ))}
      </ol>
    </Panel>
  );
}

function Step({ step, onImport }: { step: FirstStep; onImport: () => void }): ReactNode {
  const { key, is_done, have, want } = step;
  const { label, why, href } = words[key];
  return (
    <li data-done={is_done || undefined}>
      {is_done ? <IconCircleCheck size={18} aria-hidden /> : <IconCircle size={18} aria-hidden />}
      <span>
        <span>
          {href && <Link href={href}>{label}</Link>}
          {key === "portfolio" && (
            <button type="button" className={classes.deed} onClick={onImport}>
              {label}
            </button>
          )}
          {key === "disposition" && label}
          {!is_done && want > 1 && <b> {`${have} de ${want}`}</b>}
        </span>{" "}
        <span className="hidden-visually">{is_done ? "feito" : "a fazer"}</span>
        {!is_done && <small>{why}</small>}
      </span>
    </li>
  );
}
