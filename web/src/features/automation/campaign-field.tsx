import { NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import { useCampaigns } from "@/lib/rule-names";

interface CampaignFieldProps {
  chosen: number | null;
  onChange: (id: number | null) => void;
}

/** The dialer is asked; while it does not answer, what is chosen stays chosen. */
export function CampaignField({ chosen, onChange }: CampaignFieldProps): ReactNode {
  const { data: campaigns, isError } = useCampaigns();
  const isListed = chosen === null || campaigns?.some(({ id }) => id === chosen);
  return (
    <NativeSelect
      label="Campanha do discador"
      description={isError ? "O discador não respondeu: a lista de campanhas não pôde ser lida." : undefined}
      value={chosen === null ? "" : String(chosen)}
      onChange={(event) => onChange(event.currentTarget.value ? Number(event.currentTarget.value) : null)}
      data={[
        { value: "", label: "A da última ligação do cliente" },
        ...(isListed ? [] : [{ value: String(chosen), label: `Campanha ${chosen}` }]),
        ...(campaigns ?? []).map(({ id, name }) => ({ value: String(id), label: name })),
      ]}
    />
  );
}
