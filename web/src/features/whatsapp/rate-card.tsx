import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { localDate, now } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { day as dayText } from "@/lib/format";
import { categories, categoryName, priceText } from "@/lib/message-words";
import { addPrice, type Price, useProviders, useRateCard, type WhatsappProvider, whatsappKey } from "./queries";
import classes from "./whatsapp.module.css";
import { microsOf, providerName } from "./words";

/** What a message costs, from which day on; older prices stay, so that every forecast can be explained. */
export function RateCard(): ReactNode {
  const { data: prices } = useRateCard();
  const [showsAll, setShowsAll] = useState(false);
  const shown = prices?.filter(({ is_current }) => is_current || showsAll);
  return (
    <div className={classes.body}>
      <p className={classes.note}>
        Sem preço seu, vale o publicado, que é só indicativo. Um preço não se apaga: o próximo entra no lugar dele, na
        data que você disser.
      </p>
      {/* A scrolling area must be reachable by keyboard (WCAG 2.1.1). */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <section className={classes.scroll} tabIndex={0} aria-label="Tabela de preços">
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Provedor e categoria</th>
              <th scope="col">Preço</th>
              <th scope="col">Na janela de 24 h</th>
              <th scope="col">Desde</th>
            </tr>
          </thead>
          <tbody>
            {shown?.map((price) => (
              <Row key={`${price.provider}${price.category}${price.valid_from}${price.is_own}`} price={price} />
            ))}
          </tbody>
        </table>
      </section>
      <Button
        size="compact-sm"
        variant="subtle"
        className={classes.start}
        aria-expanded={showsAll}
        onClick={() => setShowsAll(!showsAll)}
      >
        {showsAll ? "Só os de hoje" : "Ver o histórico"}
      </Button>
      <PriceForm />
    </div>
  );
}

function Row({ price }: { price: Price }): ReactNode {
  const { provider, category, currency, price_micros, is_free_in_window, valid_from, is_own, is_current } = price;
  return (
    <tr data-current={is_current || undefined}>
      <th scope="row">
        {providerName(provider)}, {categoryName(category)}
        <small>{is_own ? "preço seu" : "publicado, indicativo"}</small>
      </th>
      <td>{priceText(price_micros, currency)}</td>
      <td>{is_free_in_window ? "grátis" : "cobrada"}</td>
      <td>
        {dayText(valid_from)}
        {is_current && <small>vale hoje</small>}
      </td>
    </tr>
  );
}

function PriceForm(): ReactNode {
  const queryClient = useQueryClient();
  const today = localDate(now());
  const [provider, setProvider] = useState<WhatsappProvider>("gupshup");
  const [category, setCategory] = useState("utility");
  const [price, setPrice] = useState("");
  const [day, setDay] = useState(today);
  const [isFree, setIsFree] = useState(false);
  const micros = microsOf(price);
  const add = useMutation({
    mutationFn: () =>
      addPrice({
        provider,
        category,
        currency: "BRL",
        price_micros: micros ?? 0,
        is_free_in_window: isFree,
        valid_from: day,
      }),
    onSuccess: async () => {
      setPrice("");
      await queryClient.invalidateQueries({ queryKey: whatsappKey });
    },
  });
  return (
    <form
      className={classes.form}
      aria-label="Novo preço"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <div className={classes.grid}>
        <NativeSelect
          label="Provedor do preço"
          value={provider}
          data={useProviders()}
          onChange={(event) => setProvider(event.currentTarget.value as WhatsappProvider)}
        />
        <NativeSelect
          label="Categoria"
          value={category}
          data={categories}
          onChange={(event) => setCategory(event.currentTarget.value)}
        />
        <TextInput
          label="Preço por mensagem, R$"
          placeholder="0,035"
          required
          inputMode="decimal"
          value={price}
          error={price !== "" && micros === null ? "Como 0,035" : undefined}
          onChange={(event) => setPrice(event.currentTarget.value)}
        />
        <TextInput
          type="date"
          label="Vale desde"
          required
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
        <label className={classes.check}>
          <input type="checkbox" checked={isFree} onChange={(event) => setIsFree(event.currentTarget.checked)} />
          Grátis dentro da janela de 24 horas
        </label>
      </div>
      {add.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(add.error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button type="submit" size="compact-sm" loading={add.isPending} disabled={micros === null || day === ""}>
          Acrescentar preço
        </Button>
        <span role="status" className={classes.good}>
          {add.isSuccess && "Preço acrescentado."}
        </span>
      </div>
    </form>
  );
}
