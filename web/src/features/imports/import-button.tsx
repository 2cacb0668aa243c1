import { Button, Loader } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { type ReactNode, Suspense } from "react";
import { plural } from "@/lib/format";
import { onDemand } from "@/lib/later";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole, useMember } from "@/lib/session";
import { percent } from "./import-progress";
import { useRunningImports } from "./queries";
import type { ImportRow } from "./shapes";

const ImportDialog = onDemand(
  () => import("./import-dialog"),
  (m) => m.ImportDialog,
);

interface ImportButtonProps {
  importing: boolean;
  setImporting: (importing: boolean) => void;
}

export function ImportButton({ importing, setImporting }: ImportButtonProps): ReactNode {
  const mayImport = useHasRole("supervisor");
  const { tenant } = useMember();
  const { data: running = [] } = useRunningImports(mayImport);
  useLiveQueries(`tenant:${tenant.id}`, [["imports", "running"]], (event) =>
    event === "import_changed" ? [["imports", "running"]] : [],
  );
  if (!mayImport) return null;
  return (
    <>
      {running[0] && !importing && (
        <Button
          variant="subtle"
          leftSection={<Loader size={14} aria-hidden />}
          title="Ver o andamento"
          onClick={() => setImporting(true)}
        >
          {running.length === 1 ? whatRuns(running[0]) : plural(running.length, "importação", "importações")}
        </Button>
      )}
      <Button leftSection={<IconFileImport size={16} />} onClick={() => setImporting(true)}>
        Importar carteira
      </Button>
      {importing && (
        <Suspense fallback={null}>
          <ImportDialog onClose={() => setImporting(false)} />
        </Suspense>
      )}
    </>
  );
}

function whatRuns(row: ImportRow): string {
  if (row.status === "rolling_back") return "Desfazendo uma importação";
  if (row.status === "queued") return "Importação na fila";
  if (row.status === "interrupted") return "Importação interrompida";
  return `${row.is_rehearsal ? "Conferindo" : "Importando"}: ${Math.floor(percent(row))} %`;
}
