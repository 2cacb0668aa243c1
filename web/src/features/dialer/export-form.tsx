import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { sentenceFor } from "@/lib/errors";
import { Skeleton } from "@/ui/states";
import classes from "./dialer.module.css";
import { hoursWarning } from "./hours";
import { overviewKey, requestExport, useCampaign, useCampaigns, useLaw } from "./queries";

/** Campaigns and lists as they are at the dialer right now; the sending itself happens without this page. */
export function ExportForm({ selection, onClose }: { selection: object; onClose: () => void }): ReactNode {
  const { data, error } = useCampaigns();
  const [chosen, setChosen] = useState<string | null>(null);
  const [listName, setListName] = useState("");
  const [weight, setWeight] = useState<number | string>(1);
  const [, navigate] = useLocation();
  const queryClient = useQueryClient();
  const campaign = data?.campaigns.find(({ id }) => String(id) === chosen);
  const room = useCampaign(campaign?.id ?? null);
  const { data: law } = useLaw();
  const warning = campaign && law ? hoursWarning(campaign, law) : null;
  const send = useMutation({
    mutationFn: () =>
      campaign
        ? requestExport({ selection, campaign, listName, weight: Number(weight) })
        : Promise.reject(new Error("no campaign")),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: overviewKey });
      onClose();
      navigate("/discador");
    },
  });
  const problem = error ?? send.error;
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      {!data && !error && <Skeleton width="100%" height={80} />}
      {data && (
        <>
          <Select
            label="Campanha"
            required
            data={data.campaigns.map(({ id, name, paused }) => ({
              value: String(id),
              label: paused ? `${name} (pausada)` : name,
            }))}
            value={chosen}
            onChange={setChosen}
          />
          {warning && (
            <p role="status" className={classes.warn}>
              {warning} Quem está num estado fechado sai da lista sozinho e volta quando ele abre; quando a maioria está
              fechada, a lista inteira silencia.
            </p>
          )}
          {room.data && (
            <p className={classes.faint}>
              {room.data.lists.length === 0
                ? "Esta campanha ainda não tem listas."
                : `Listas de agora: ${room.data.lists.map(({ name, total }) => `${name} (${total ?? 0})`).join(", ")}.`}
            </p>
          )}
          <TextInput
            label="Nome da lista"
            placeholder="Carteira de hoje"
            maxLength={150}
            value={listName}
            onChange={(event) => setListName(event.currentTarget.value)}
          />
          <NumberInput label="Peso" min={1} max={100} value={weight} onChange={setWeight} />
          <p className={classes.faint}>
            Quem pagar ou pedir para não ser chamado sai da lista sozinho. Nada toca antes de a lista inteira estar lá.
          </p>
        </>
      )}
      {problem && <p role="alert">{sentenceFor(problem)}</p>}
      <div className={classes.actions}>
        <Button variant="default" onClick={onClose}>
          Cancelar
        </Button>
        <Button type="submit" disabled={!campaign} loading={send.isPending}>
          Enviar ao discador
        </Button>
      </div>
    </form>
  );
}
