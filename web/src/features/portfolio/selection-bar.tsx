import { Button } from "@mantine/core";
import { IconBrandWhatsapp, IconDownload, IconPhoneOutgoing, IconTag, IconUserCheck, IconX } from "@tabler/icons-react";
import { type ReactNode, Suspense, use, useState } from "react";
import { onDemand } from "@/lib/later";
import { DoorsContext } from "./doors";
import classes from "./portfolio-page.module.css";
import type { Selection } from "./selection";
import type { BulkAction, DialogAction } from "./shapes";

const BulkDialog = onDemand(
  () => import("./bulk-dialog"),
  (m) => m.BulkDialog,
);

const actions: [BulkAction, string, typeof IconTag][] = [
  ["assign", "Atribuir", IconUserCheck],
  ["tag", "Tag", IconTag],
  ["export", "Exportar", IconDownload],
  ["whatsapp", "WhatsApp", IconBrandWhatsapp],
  ["dialer", "Discador", IconPhoneOutgoing],
];

/** What can be done with the chosen people. */
export function SelectionBar({ selection, onClear }: { selection: Selection; onClear: () => void }): ReactNode {
  const [open, setOpen] = useState<DialogAction | null>(null);
  const { composeMessage } = use(DoorsContext);
  return (
    <div className={classes.bulk} role="toolbar" aria-label="Ações com os escolhidos">
      {actions.map(([action, label, Icon]) => (
        <Button
          key={action}
          size="compact-sm"
          variant="default"
          leftSection={<Icon size={15} aria-hidden />}
          onClick={() => (action === "whatsapp" ? composeMessage(selection) : setOpen(action))}
        >
          {label}
        </Button>
      ))}
      <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconX size={14} />} onClick={onClear}>
        Desmarcar
      </Button>
      {open && (
        <Suspense fallback={null}>
          <BulkDialog action={open} selection={selection} onClose={() => setOpen(null)} />
        </Suspense>
      )}
    </div>
  );
}
