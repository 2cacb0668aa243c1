import { Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import "@/ui/dialog-styles";
import { BehindRows } from "./behind-rows";
import { useOpener } from "./opener";
import classes from "./panel.module.css";
import type { Behind, PanelFilter } from "./shapes";

interface StockCellProps {
  of: Behind;
  filter: PanelFilter;
  /** Whose number it is: "Em dia, Títulos". */
  name: string;
  children: string;
}

/** A number of the portfolio's tables; a click shows the titles it is made of. */
export function StockCell({ of, filter, name, children }: StockCellProps): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className={classes.cell}
        aria-label={`${name}: ${children}`}
        onClick={() => setIsOpen(true)}
      >
        {children}
      </button>
      {isOpen && (
        <StockDialog of={of} filter={filter} title={`${name}: ${children}`} onClose={() => setIsOpen(false)} />
      )}
    </>
  );
}

interface StockDialogProps {
  of: Behind;
  filter: PanelFilter;
  title: string;
  onClose: () => void;
}

function StockDialog({ of, filter, title, onClose }: StockDialogProps): ReactNode {
  useOpener();
  return (
    <Modal opened size="xl" onClose={onClose} title={title} transitionProps={{ duration: 0 }}>
      <div className={classes.behind}>
        <BehindRows of={of} filter={filter} worth="cents" fileName={title.replace(/[/:]/g, " ")} />
      </div>
    </Modal>
  );
}
