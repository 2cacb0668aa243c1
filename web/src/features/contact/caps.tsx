import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import classes from "./contact.module.css";
import { addCap, type Cap, type Channel, changeCap, contactKey, removeCap, useCaps } from "./queries";
import { channels, spans, spanText } from "./words";

function problemText(error: unknown): string {
  if (error instanceof AppError && error.code === "name_taken") return "Este limite já existe: altere o da lista.";
  return sentenceFor(error);
}

/** No law names a number, so none holds until the agency writes one. */
export function Caps(): ReactNode {
  const queryClient = useQueryClient();
  const { data: caps, error } = useCaps();
  const [channel, setChannel] = useState<Channel>("whatsapp");
  const [days, setDays] = useState("1");
  const [attempts, setAttempts] = useState("");
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: contactKey });
  const isNumber = isAttempts(attempts);
  const add = useMutation({
    mutationFn: () => addCap({ channel, days: Number(days), attempts: Number(attempts) }),
    onSuccess: async () => {
      setAttempts("");
      await again();
    },
  });
  const remove = useMutation({ mutationFn: removeCap, onSuccess: again });
  const problem = add.error ?? remove.error ?? error;
  return (
    <div className={classes.body}>
      <p className={classes.note}>
        Quem chegou ao limite espera o próximo dia em que couber. Resposta a quem escreveu não conta.
      </p>
      <ul aria-label="Limites" className={classes.rows}>
        {caps?.map((cap) => (
          <CapRow key={`${cap.id}${cap.attempts}`} cap={cap} onRemove={() => remove.mutate(cap.id)} onChanged={again} />
        ))}
        {caps?.length === 0 && <li className={classes.note}>Nenhum limite: nenhuma lei diz um número.</li>}
      </ul>
      <form
        className={classes.grid}
        aria-label="Novo limite"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <NativeSelect
          label="Canal"
          value={channel}
          data={channels.map((each) => ({ ...each }))}
          onChange={(event) => setChannel(event.currentTarget.value as Channel)}
        />
        <TextInput
          label="Tentativas"
          required
          inputMode="numeric"
          value={attempts}
          error={attempts !== "" && !isNumber ? "De 1 a 1.000" : undefined}
          onChange={(event) => setAttempts(event.currentTarget.value)}
        />
        <NativeSelect
          label="Período"
          value={days}
          data={spans}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Button type="submit" size="compact-md" className={classes.end} loading={add.isPending} disabled={!isNumber}>
          Acrescentar limite
        </Button>
      </form>
      {problem && (
        <p role="alert" className={classes.error}>
          {problemText(problem)}
        </p>
      )}
    </div>
  );
}

function isAttempts(text: string): boolean {
  return /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1000;
}

interface RowProps {
  cap: Cap;
  onRemove: () => void;
  onChanged: () => Promise<void>;
}

function CapRow({ cap, onRemove, onChanged }: RowProps): ReactNode {
  const [text, setText] = useState(String(cap.attempts));
  const change = useMutation({ mutationFn: () => changeCap(cap.id, Number(text)), onSuccess: onChanged });
  const name = `${channels.find(({ value }) => value === cap.channel)?.label} ${spanText(cap.days)}`;
  return (
    <li className={classes.row}>
      <span>
        <strong>{name}</strong>: até {plural(cap.attempts, "tentativa", "tentativas")}
      </span>
      <form
        className={classes.buttons}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <TextInput
          aria-label={`Tentativas: ${name}`}
          className={classes.short}
          inputMode="numeric"
          value={text}
          error={!isAttempts(text)}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button
          type="submit"
          size="compact-sm"
          variant="default"
          loading={change.isPending}
          disabled={!isAttempts(text) || text === String(cap.attempts)}
          aria-label={`Salvar ${name}`}
        >
          Salvar
        </Button>
        <Button size="compact-sm" variant="subtle" color="red" aria-label={`Tirar ${name}`} onClick={onRemove}>
          Tirar
        </Button>
      </form>
      {change.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(change.error)}
        </p>
      )}
    </li>
  );
}
