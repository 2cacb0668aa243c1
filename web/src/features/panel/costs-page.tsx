import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { localDate, now } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { day as dayText } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { SettingsRoom } from "@/ui/settings-room";
import { ErrorState, Skeleton } from "@/ui/states";
import { costNames, microsOf } from "./costs";
import classes from "./panel.module.css";
import { addCost, panelKey, useCosts } from "./queries";
import { figureText } from "./words";

/** What the agency pays beside messages: without it the panel cannot say what a real received costs. */
export function CostsPage(): ReactNode {
  return (
    <SettingsRoom title="Custos">
      <Panel title="Custos da operação">
        <Rates />
      </Panel>
    </SettingsRoom>
  );
}

function Rates(): ReactNode {
  const { data, error, refetch } = useCosts();
  return (
    <>
      <p className={classes.note}>
        Com estes valores o <Link href="/painel">Painel</Link> diz quanto custa cada real recebido. O preço das
        mensagens fica em <Link href="/configuracoes/whatsapp">WhatsApp</Link>. Um valor não se apaga: o próximo entra
        no lugar dele, na data que você disser.
      </p>
      {error && !data && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton width="100%" height={80} />}
      {data?.length === 0 && <p className={classes.note}>Ainda não há custos. Acrescente o primeiro aqui embaixo.</p>}
      {data && data.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
        <section className={classes.scroll} tabIndex={0} aria-label="Tabela de custos">
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">Custo</th>
                <th scope="col" data-right>
                  Valor
                </th>
                <th scope="col">Desde</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ id, kind, currency, price_micros: value, valid_from }) => (
                <tr key={id}>
                  <th scope="row">{currency === "BRL" ? costNames[kind] : `${costNames[kind]} (${currency})`}</th>
                  <td data-right>{figureText("micros", { value })}</td>
                  <td>{dayText(valid_from)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <RateForm />
    </>
  );
}

function RateForm(): ReactNode {
  const queryClient = useQueryClient();
  const [kind, setKind] = useState("voice_minute");
  const [price, setPrice] = useState("");
  const [day, setDay] = useState(() => localDate(now()));
  const micros = microsOf(price);
  const add = useMutation({
    mutationFn: () =>
      addCost({
        kind,
        // The only foreign currency that a provider's published prices are in.
        currency: kind === "exchange" ? "USD" : "BRL",
        price_micros: micros ?? 0,
        valid_from: day,
      }),
    onSuccess: async () => {
      setPrice("");
      await queryClient.invalidateQueries({ queryKey: panelKey });
    },
  });
  return (
    <form
      className={`${classes.filters} ${classes.form}`}
      aria-label="Novo custo"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <NativeSelect
        label="Custo"
        value={kind}
        data={Object.entries(costNames).map(([value, label]) => ({ value, label }))}
        onChange={({ currentTarget: { value } }) => setKind(value)}
      />
      <TextInput
        label="Valor, R$"
        placeholder="0,15"
        required
        inputMode="decimal"
        value={price}
        error={price !== "" && micros === null ? "Como 0,15 ou 90000" : undefined}
        onChange={({ currentTarget: { value } }) => setPrice(value)}
      />
      <TextInput
        type="date"
        label="Vale desde"
        required
        value={day}
        onChange={({ currentTarget: { value } }) => setDay(value)}
      />
      <Button type="submit" loading={add.isPending} disabled={micros === null || day === ""}>
        Acrescentar custo
      </Button>
      {add.error && <p role="alert">{sentenceFor(add.error)}</p>}
      <span role="status" className={classes.faint}>
        {add.isSuccess && "Custo acrescentado."}
      </span>
    </form>
  );
}
