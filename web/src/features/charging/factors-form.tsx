import { Button, NativeSelect, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { plural } from "@/lib/format";
import { decimalText } from "@/lib/typed";
import classes from "./charging.module.css";
import { factorsOf } from "./factor-lines";
import { chargingKey, type IndexName, loadFactors, useFactors } from "./queries";
import { SaveBar } from "./save-bar";

/** Monthly factors as they are published; a correction is a new revision, never an overwrite. */
export function FactorsForm(): ReactNode {
  const queryClient = useQueryClient();
  const [index, setIndex] = useState<IndexName>("ipca");
  const [text, setText] = useState("");
  const { data: known } = useFactors(index);
  const { factors, unread } = factorsOf(text);
  const months = Object.keys(factors).length;
  const { mutate, isPending, error, data, reset } = useMutation({
    mutationFn: () => loadFactors(index, factors),
    onSuccess: async () => {
      setText("");
      await queryClient.invalidateQueries({ queryKey: chargingKey });
    },
  });
  const newest = [...new Map((known ?? []).toReversed().map((factor) => [factor.month, factor])).values()].reverse();
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <div className={classes.grid}>
        <NativeSelect
          label="Índice"
          value={index}
          data={[
            { value: "ipca", label: "IPCA" },
            { value: "inpc", label: "INPC" },
            { value: "igpm", label: "IGP-M" },
          ]}
          onChange={(event) => setIndex(event.currentTarget.value as IndexName)}
        />
        <label className={classes.file}>
          Arquivo CSV ou texto
          <input
            type="file"
            accept=".csv,.txt,text/plain,text/csv"
            onChange={(event) => {
              reset();
              void event.currentTarget.files?.[0]?.text().then(setText);
            }}
          />
        </label>
      </div>
      <Textarea
        label="Ou cole aqui, um mês por linha"
        placeholder={"2026-03;0,56\n04/2026 0,38"}
        rows={4}
        value={text}
        error={
          unread.length > 0
            ? `Não deu para ler: ${plural(unread.length, "linha", "linhas")} (${unread.slice(0, 5).join(", ")})`
            : undefined
        }
        onChange={(event) => {
          reset();
          setText(event.currentTarget.value);
        }}
      />
      <SaveBar
        action={months > 0 ? `Carregar ${plural(months, "mês", "meses")}` : "Carregar"}
        isPending={isPending}
        isReady={months > 0 && unread.length === 0}
        error={error}
        done={data !== undefined && `${plural(data, "mês novo ou corrigido", "meses novos ou corrigidos")}.`}
      >
        {text !== "" && (
          <Button variant="default" onClick={() => setText("")}>
            Limpar
          </Button>
        )}
      </SaveBar>
      {newest.length > 0 && (
        <p className={classes.note}>
          Últimos meses:{" "}
          {newest
            .slice(0, 6)
            .map(({ month, percent }) => `${month.slice(5, 7)}/${month.slice(0, 4)} ${decimalText(percent)}%`)
            .join(" · ")}
        </p>
      )}
    </form>
  );
}
