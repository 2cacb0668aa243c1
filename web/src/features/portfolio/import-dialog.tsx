import { Button, Modal, NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "./import-dialog.module.css";
import { ImportFileField } from "./import-file-field";
import { ImportResult } from "./import-result";
import { type ImportSummary, importPortfolio, useCreditors } from "./queries";

/** File → what would happen → confirmation → what happened. Nothing is written before the confirmation. */
export function ImportDialog({ onClose }: { onClose: () => void }): ReactNode {
  const queryClient = useQueryClient();
  const { data: creditors = [] } = useCreditors();
  const [file, setFile] = useState<File | null>(null);
  const [creditor, setCreditor] = useState("");
  const [seen, setSeen] = useState<{ dryRun: boolean; summary: ImportSummary } | null>(null);
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: ({ chosen, dryRun }: { chosen: File; dryRun: boolean }) => importPortfolio(chosen, creditor, dryRun),
    onSuccess: async (summary, { dryRun }) => {
      setSeen({ dryRun, summary });
      if (dryRun) return;
      await queryClient.invalidateQueries({ queryKey: ["portfolio"] });
      await queryClient.invalidateQueries({ queryKey: ["creditors"] });
    },
  });
  const choose = (chosen: File | null): void => {
    setFile(chosen);
    setSeen(null);
    reset();
  };
  const done = seen && !seen.dryRun;
  return (
    <Modal opened onClose={onClose} title="Importar carteira" size="lg" closeOnClickOutside={!isPending}>
      <div className={classes.body}>
        {!done && (
          <>
            <ImportFileField file={file} onChoose={choose} disabled={isPending} />
            <NativeSelect
              label="Credor"
              description="Usado nas linhas em que o arquivo não tem uma coluna de credor."
              value={creditor}
              disabled={isPending}
              onChange={(event) => {
                setCreditor(event.currentTarget.value);
                setSeen(null);
              }}
              data={[
                { value: "", label: "O arquivo tem a coluna" },
                ...creditors.map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
          </>
        )}
        {error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(error)}
          </p>
        )}
        {seen && <ImportResult summary={seen.summary} dryRun={seen.dryRun} />}
        <div className={classes.actions}>
          {done ? (
            <Button onClick={onClose}>Ver a carteira</Button>
          ) : (
            <>
              <Button variant="default" onClick={onClose} disabled={isPending}>
                Cancelar
              </Button>
              {seen ? (
                <Button
                  loading={isPending}
                  disabled={seen.summary.accepted === 0}
                  onClick={() => file && mutate({ chosen: file, dryRun: false })}
                >
                  Confirmar importação
                </Button>
              ) : (
                <Button
                  loading={isPending}
                  disabled={!file}
                  onClick={() => file && mutate({ chosen: file, dryRun: true })}
                >
                  Conferir arquivo
                </Button>
              )}
            </>
          )}
        </div>
      </div>
    </Modal>
  );
}
