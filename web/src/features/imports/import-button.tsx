import { Button } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useHasRole } from "@/lib/session";

const ImportDialog = lazy(() => import("./import-dialog").then((m) => ({ default: m.ImportDialog })));

export function ImportButton(): ReactNode {
  const [importing, setImporting] = useState(false);
  const mayImport = useHasRole("supervisor");
  if (!mayImport) return null;
  return (
    <>
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
