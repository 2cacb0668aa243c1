import { Button, Modal } from "@mantine/core";
import { IconPlayerTrackNext } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { useAltKey } from "@/ui/alt-key";
import "@/ui/dialog-styles";
import { Key } from "@/ui/tag";
import classes from "./next-client.module.css";
import { askNext } from "./queries";
import type { NextClient, NobodyNext } from "./shapes";
import { whyWords } from "./words";

const storageKey = "cobranca.why-next";

/** Of this window, through a reload: the client it was led to, and why. */
function remember(next: NextClient): void {
  sessionStorage.setItem(storageKey, JSON.stringify(next));
}

function recall(clientId: string): NextClient | null {
  const kept = sessionStorage.getItem(storageKey);
  const next = kept ? (JSON.parse(kept) as NextClient) : null;
  return next?.client_id === clientId ? next : null;
}

/** The way to the next client, and on the screen it led to, why it did. */
export function NextClientBar({ clientId }: { clientId: string }): ReactNode {
  const [why] = useState(() => recall(clientId));
  return (
    <div className={classes.bar}>
      <NextButton leaving={clientId} />
      {why && (
        <p className={classes.why} data-testid="why-next">
          <span className="hidden-visually">Por que este cliente: </span>
          {whyWords(why)}
        </p>
      )}
    </div>
  );
}

export function NextButton({ leaving }: { leaving: string | null }): ReactNode {
  const [, navigate] = useLocation();
  const [nobody, setNobody] = useState<NobodyNext | null>(null);
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: () => askNext(leaving),
    onSuccess: (next) => {
      if (next.client_id === null) return setNobody(next);
      remember(next);
      navigate(`/atendimento/${next.client_id}`);
    },
  });
  const go = (): void => {
    // A dialog holds something half done.
    if (!isPending && !document.querySelector('[role="dialog"]')) mutate();
  };
  useAltKey("KeyN", go);
  return (
    <>
      <Button
        size="compact-sm"
        variant="light"
        loading={isPending}
        aria-keyshortcuts="Alt+N"
        leftSection={<IconPlayerTrackNext size={15} aria-hidden />}
        onClick={go}
      >
        Próximo cliente&nbsp;<Key>Alt+N</Key>
      </Button>
      {(nobody || error) && (
        <Modal
          opened
          onClose={() => {
            setNobody(null);
            reset();
          }}
          title={nobody ? "Ninguém na sua fila agora" : "Não deu para buscar o próximo"}
          transitionProps={{ duration: 0 }}
        >
          {nobody ? <Nobody {...nobody} /> : <p role="alert">{sentenceFor(error)}</p>}
        </Modal>
      )}
    </>
  );
}

function Nobody({ next_callback_at, opens_at }: NobodyNext): ReactNode {
  return (
    <div className={classes.nobody}>
      {opens_at ? (
        <p>Agora não é permitido ligar para ninguém. Volta a ser {moment(opens_at)}.</p>
      ) : (
        <p>
          Retornos, respostas, parcelas de hoje, acordos quebrados e a sua carteira: tudo em dia, em atendimento por um
          colega ou fora do horário permitido.
        </p>
      )}
      {next_callback_at && <p>Seu próximo retorno é {moment(next_callback_at)}.</p>}
      <p>
        <Link href="/agenda">Ver a agenda</Link> ou <Link href="/carteira">escolher na carteira</Link>.
      </p>
    </div>
  );
}
