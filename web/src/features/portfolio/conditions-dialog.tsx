import { Button, Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { debtStatusNames } from "@/lib/client-shapes";
import { creditorChoices } from "@/lib/creditor-choices";
import { statusLabel } from "@/lib/filter-words";
import { count, plural } from "@/lib/format";
import "@/ui/dialog-styles";
import classes from "./conditions.module.css";
import { type ListKey, type PortfolioFilter, withKey } from "./filter";
import { FacetList, OneOf } from "./filter-fields";
import { FilterPanel } from "./filter-panel";
import { useFilterCounts, useFilterOptions, useSegments, useTotals } from "./queries";

interface ConditionsDialogProps {
  filter: PortfolioFilter;
  onSave: (filter: PortfolioFilter) => void;
  onClose: () => void;
}

/** The carteira's filter for other rooms: the same parts and the same counts, with how many it means today. */
export function ConditionsDialog({ filter, onSave, onClose }: ConditionsDialogProps): ReactNode {
  const [draft, setDraft] = useState(filter);
  const { data: options } = useFilterOptions();
  const { data: segments } = useSegments();
  const { data: counts } = useFilterCounts(draft);
  const { data: totals } = useTotals({ filter: draft, except: [] });
  const list = (key: Extract<ListKey, "creditor_id" | "status">) => ({
    chosen: draft[key] ?? [],
    counts: counts?.facets[key],
    onChange: (values: string[]) => setDraft(withKey(draft, key, values)),
  });
  const takeSegment = (id: string | undefined): void => {
    const chosen = segments?.find((each) => each.id === id);
    if (chosen) setDraft(chosen.filter);
  };
  return (
    <Modal opened onClose={onClose} title="Para quais clientes" size="lg" transitionProps={{ duration: 0 }}>
      <div className={classes.parts}>
        <OneOf
          title="Começar de um segmento"
          choices={segments?.map(({ id, name }) => ({ value: id, label: name }))}
          value={undefined}
          onChange={takeSegment}
        />
        <FacetList
          title="Credor"
          choices={options && creditorChoices(options.creditors, draft.creditor_id)}
          {...list("creditor_id")}
        />
        <FacetList
          title="Situação"
          choices={Object.keys(debtStatusNames).map((value) => ({ value, label: statusLabel(value) }))}
          {...list("status")}
        />
        <FilterPanel counted={draft} filter={draft} onChange={setDraft} hasMe={false} />
      </div>
      <div className={classes.end}>
        <p role="status">
          {totals &&
            `Hoje: ${totals.is_estimate ? `cerca de ${count(totals.clients)} clientes` : plural(totals.clients, "cliente", "clientes")}`}
        </p>
        <Button variant="default" onClick={() => setDraft({})}>
          Limpar
        </Button>
        <Button onClick={() => onSave(draft)}>Usar estas condições</Button>
      </div>
    </Modal>
  );
}
