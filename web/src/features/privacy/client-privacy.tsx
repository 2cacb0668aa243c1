import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { localDate, now } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { useHasRole } from "@/lib/session";
import "@/ui/dialog-styles";
import { FormEnd } from "@/ui/form-end";
import { Panel } from "@/ui/panel";
import classes from "./privacy.module.css";
import { erasePerson, exportPerson, useVerdict } from "./queries";
import { VerdictList } from "./verdict-list";

interface ClientPrivacyProps {
  client: { id: string; name: string };
}

/** What a debtor may ask about their data, answered by an admin. */
export function ClientPrivacy({ client }: ClientPrivacyProps): ReactNode {
  const isAdmin = useHasRole("admin");
  const today = localDate(now());
  const [askedOn, setAskedOn] = useState(today);
  const [isErasing, setIsErasing] = useState(false);
  const give = useMutation({ mutationFn: () => exportPerson(client.id, askedOn) });
  if (!isAdmin) return null;
  return (
    <Panel title="Pedidos da LGPD">
      <div className={classes.body}>
        <TextInput
          type="date"
          label="Pedido feito em"
          className={classes.date}
          max={today}
          value={askedOn}
          onChange={(event) => setAskedOn(event.currentTarget.value)}
        />
        {give.error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(give.error)}
          </p>
        )}
        {give.isSuccess && <p role="status">Baixando: um PDF para ler e um JSON com tudo o que há da pessoa.</p>}
        <div className={classes.buttons}>
          <Button
            size="compact-sm"
            variant="default"
            loading={give.isPending}
            disabled={askedOn === ""}
            onClick={() => give.mutate()}
          >
            Entregar os dados
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            disabled={askedOn === ""}
            onClick={() => setIsErasing(true)}
          >
            Apagar a pessoa…
          </Button>
        </div>
      </div>
      {isErasing && <EraseDialog client={client} askedOn={askedOn} onClose={() => setIsErasing(false)} />}
    </Panel>
  );
}

function EraseDialog({
  client,
  askedOn,
  onClose,
}: ClientPrivacyProps & { askedOn: string; onClose: () => void }): ReactNode {
  const { data: verdict, error } = useVerdict(client.id);
  const [name, setName] = useState("");
  const [, navigate] = useLocation();
  const erase = useMutation({ mutationFn: () => erasePerson(client.id, name, askedOn) });
  const isWhole = verdict?.every(({ area, decision }) => area !== "person" || decision === "erased");
  if (erase.data)
    return (
      <Modal opened onClose={() => navigate("/carteira")} title="Pedido respondido" transitionProps={{ duration: 0 }}>
        <div className={classes.form}>
          <p role="status">Feito, e registrado em Configurações, Privacidade. Isto responde ao pedido:</p>
          <VerdictList verdict={erase.data} />
          <Button onClick={() => navigate("/carteira")}>Voltar à carteira</Button>
        </div>
      </Modal>
    );
  return (
    <Modal opened onClose={onClose} title={`Apagar ${client.name}`} transitionProps={{ duration: 0 }}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          erase.mutate();
        }}
      >
        {error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(error)}
          </p>
        )}
        {verdict && <VerdictList verdict={verdict} />}
        <p>
          {isWhole === false
            ? "Ainda há o que cobrar: agora vão só as cópias. O resto é apagado por si quando não houver mais base."
            : "Não tem volta. Somas, acordos e painel continuam certos, sem o nome."}
        </p>
        <TextInput
          label={`Para confirmar, digite o nome: ${client.name}`}
          required
          data-autofocus
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <FormEnd
          error={erase.error}
          onBack={onClose}
          action="Apagar"
          danger
          busy={erase.isPending}
          disabled={name.trim() === "" || !verdict}
        />
      </form>
    </Modal>
  );
}
