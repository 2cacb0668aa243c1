import { Button, Menu } from "@mantine/core";
import "@/ui/menu-styles";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { downloadResults, type FileKind } from "./queries";
import type { Batch, ResultFilter } from "./shapes";

/** The rows of a sheet, less its title. */
const sheetRows = 1_048_575;

/** The people on the screen, or all of them, as a spreadsheet; who took it stands in the audit. */
export function DownloadMenu({ batch, filter }: { batch: Batch; filter: ResultFilter }): ReactNode {
  const { mutate, isPending, error } = useMutation({
    mutationFn: ({ kind, wanted }: { kind: FileKind; wanted: ResultFilter }) => downloadResults(batch.id, wanted, kind),
  });
  const fits = batch.numbers.selected <= sheetRows;
  const offer = (name: string, wanted: ResultFilter): ReactNode => (
    <>
      <Menu.Label>{name}</Menu.Label>
      <Menu.Item onClick={() => mutate({ kind: "csv", wanted })}>CSV, abre no Excel</Menu.Item>
      {fits && <Menu.Item onClick={() => mutate({ kind: "xlsx", wanted })}>Planilha XLSX</Menu.Item>}
    </>
  );
  return (
    <>
      {error && <span role="alert">{sentenceFor(error)}</span>}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="compact-xs" variant="default" loading={isPending} leftSection={<IconDownload size={14} />}>
            Baixar
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {filter.outcome && offer("Só quem está na lista", filter)}
          {batch.numbers.failed > 0 && filter.outcome !== "failed" && offer("Só as falhas", { outcome: "failed" })}
          {offer("Todas as pessoas", {})}
          <Menu.Label>O download fica registrado na auditoria</Menu.Label>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
