import "@/ui/popover-styles";
import { Button, Popover } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { type Choice, type ListKey, type PortfolioFilter, withKey } from "./filter";
import { FacetList } from "./filter-fields";
import classes from "./filter-panel.module.css";
import { useFilterCounts } from "./queries";

interface FacetPickerProps {
  facet: Extract<ListKey, "creditor_id" | "status">;
  title: string;
  choices: Choice[];
  /** Without the word that is still being typed. */
  counted: PortfolioFilter;
  filter: PortfolioFilter;
  onChange: (filter: PortfolioFilter) => void;
}

/** A list of boxes behind a button, for the two filters that everybody uses. */
export function FacetPicker({ facet, title, choices, counted, filter, onChange }: FacetPickerProps): ReactNode {
  const chosen = filter[facet] ?? [];
  const first = choices.find(({ value }) => value === chosen[0])?.label;
  const shown = chosen.length === 1 && first ? first : chosen.length > 0 ? `${title} (${chosen.length})` : title;
  return (
    <Popover position="bottom-start" width={280} trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant={chosen.length > 0 ? "light" : "default"}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={chosen.length === 1 ? `${title}: ${shown}` : shown}
          className={classes.picker}
        >
          {shown}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.dropdown}>
        <Boxes {...{ facet, title, choices, counted, chosen }} onChange={(v) => onChange(withKey(filter, facet, v))} />
      </Popover.Dropdown>
    </Popover>
  );
}

type BoxesProps = Pick<FacetPickerProps, "facet" | "title" | "choices" | "counted"> & {
  chosen: string[];
  onChange: (values: string[]) => void;
};

/** Counted only while it is open. */
function Boxes({ facet, title, choices, counted, chosen, onChange }: BoxesProps): ReactNode {
  const { data: counts } = useFilterCounts(counted, [facet]);
  return (
    <>
      <FacetList
        {...{ title, choices, chosen, onChange }}
        hidesTitle
        counts={counts?.facets[facet]}
        isEstimate={counts?.is_estimate}
      />
      {counts?.is_estimate && <p className={classes.note}>Contagens estimadas.</p>}
    </>
  );
}
