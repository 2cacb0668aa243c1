import { Button, Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import "@/ui/dialog-styles";
import classes from "./import-dialog.module.css";
import { ImportFileField } from "./import-file-field";
import { ImportOptionsFields } from "./import-options-fields";
import { ImportProgress } from "./import-progress";
import { ImportResult } from "./import-result";
import { type Answers, openQuestions, saidMapping } from "./mapping";
import { MappingStep } from "./mapping-step";
import { NewCreditors, useRefusedCreditors } from "./new-creditors";
import { askForTheDead, importPortfolio, useFinishedImport, useImportProgress, usePreview } from "./queries";
import { RecentImports } from "./recent-imports";
import { type ImportOptions, type ImportSummary, unfinished } from "./shapes";

const asGuessed: ImportOptions = { creditor: "", newCreditor: null, sheet: "", absent: "leave", mapping: {} };

/** File → its columns → what would happen → confirmation → what happened. Nothing is written before the confirmation. */
export function ImportDialog({ onClose }: { onClose: () => void }): ReactNode {
  const queryClient = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [options, setOptions] = useState(asGuessed);
  const [answered, setSeen] = useState<{ dryRun: boolean; summary: ImportSummary } | null>(null);
  const [importId, setImportId] = useState<string | null>(null);
  const preview = usePreview(file, options.creditor, options.sheet);
  const run = useMutation({
    mutationFn: ({ chosen, dryRun, id }: { chosen: File; dryRun: boolean; id: string }) => {
      const mapping = saidMapping(preview.data?.mapping ?? {}, options.mapping);
      return importPortfolio(chosen, { ...options, mapping }, dryRun, id);
    },
    onSuccess: (summary, { dryRun }) => {
      setSeen({ dryRun, summary });
      if (dryRun) return;
      // The preview has nothing new to tell, and asking it would upload the file once more.
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "import-preview" });
    },
    onError: async () => {
      await askForTheDead();
      await queryClient.invalidateQueries({ queryKey: ["imports"] });
    },
  });
  // The answer may be lost while the import lives on, or is continued after a crash: its row tells.
  const lost = run.error ? importId : null;
  const { data: row } = useImportProgress(lost);
  const lives = Boolean(row && unfinished.includes(row.status));
  const { data: finished } = useFinishedImport(row?.status === "done" ? lost : null);
  const seen = finished ? { dryRun: false, summary: finished } : answered;
  const start = (dryRun: boolean): void => {
    if (!file) return;
    const id = crypto.randomUUID();
    setImportId(id);
    run.mutate({ chosen: file, dryRun, id });
  };
  const change = (next: Partial<ImportOptions>): void => {
    setOptions({ ...options, ...next });
    setSeen(null);
    run.reset();
  };
  const choose = (chosen: File | null): void => {
    setFile(chosen);
    change({ sheet: "", mapping: {} });
  };
  const done = seen && !seen.dryRun;
  const busy = run.isPending || lives;
  const error = (lives || finished ? null : run.error) ?? preview.error;
  const refused = useRefusedCreditors(preview.data, options.mapping);
  const answers: Answers = { changed: options.mapping, creditor: options.newCreditor?.trim() || options.creditor };
  const unanswered = preview.data ? openQuestions(preview.data, answers) : [];
  return (
    <Modal opened onClose={onClose} title="Importar carteira" size="xl" closeOnClickOutside={!busy}>
      <div className={classes.body} data-import={importId}>
        {!done && (
          <>
            <ImportFileField file={file} onChoose={choose} disabled={busy} />
            <ImportOptionsFields options={options} onChange={change} disabled={busy} />
            {preview.data && !seen && (
              <MappingStep
                preview={preview.data}
                answers={answers}
                onChange={(mapping) => change({ mapping })}
                onSheet={(sheet) => change({ sheet, mapping: {} })}
                disabled={busy}
              />
            )}
          </>
        )}
        {error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(error)}
          </p>
        )}
        {!seen && preview.data && <NewCreditors preview={preview.data} changed={options.mapping} />}
        {busy && importId && <ImportProgress importId={importId} />}
        {seen && <ImportResult summary={seen.summary} dryRun={seen.dryRun} absent={options.absent} />}
        <div className={classes.actions}>
          {done ? (
            <Button onClick={onClose}>Ver a carteira</Button>
          ) : (
            <>
              <Button variant="default" onClick={onClose} disabled={run.isPending}>
                Fechar
              </Button>
              {seen ? (
                <>
                  <Button variant="default" disabled={busy} onClick={() => change({})}>
                    Voltar às colunas
                  </Button>
                  <Button loading={busy} disabled={seen.summary.accepted === 0} onClick={() => start(false)}>
                    Confirmar importação
                  </Button>
                </>
              ) : (
                <Button
                  loading={run.isPending || preview.isFetching}
                  disabled={!preview.data || unanswered.length > 0 || refused || lives}
                  onClick={() => start(true)}
                >
                  Conferir arquivo
                </Button>
              )}
            </>
          )}
        </div>
        {!file && <RecentImports />}
      </div>
    </Modal>
  );
}
