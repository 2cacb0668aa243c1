import { Button, Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import "@/ui/dialog-styles";
import classes from "./import-dialog.module.css";
import { ImportFileField } from "./import-file-field";
import { ImportOptionsFields } from "./import-options-fields";
import { ImportProgress } from "./import-progress";
import { ImportResult } from "./import-result";
import { type Answers, openQuestions, saidMapping } from "./mapping";
import { MappingStep } from "./mapping-step";
import { NewCreditors, useRefusedCreditors } from "./new-creditors";
import { askForTheDead, cancelImport, importPortfolio, usePreview } from "./queries";
import { RecentImports } from "./recent-imports";
import type { ImportOptions, ImportSummary } from "./shapes";
import { useFollowedImport } from "./use-followed-import";

const asGuessed: ImportOptions = { creditor: "", newCreditor: null, sheet: "", absent: "leave", mapping: {} };

interface Order {
  chosen: File;
  dryRun: boolean;
  id: string;
  stop: AbortSignal;
}

/** File → its columns → what would happen → confirmation → what happened. Nothing is written before the confirmation. */
export function ImportDialog({ onClose }: { onClose: () => void }): ReactNode {
  const queryClient = useQueryClient();
  const { tenant } = useMember();
  const [file, setFile] = useState<File | null>(null);
  const [options, setOptions] = useState(asGuessed);
  const [answered, setAnswered] = useState<{ id: string; dryRun: boolean; summary: ImportSummary } | null>(null);
  const [importId, setImportId] = useState<string | null>(null);
  const stop = useRef<AbortController>(null);
  const [stoppedId, setStoppedId] = useState<string | null>(null);
  const preview = usePreview(file, options.creditor, options.sheet);
  useLiveQueries(`tenant:${tenant.id}`, [["imports"]], (event) => (event === "import_changed" ? [["imports"]] : []));
  const run = useMutation({
    mutationFn: ({ chosen, dryRun, id, stop: signal }: Order) => {
      const mapping = saidMapping(preview.data?.mapping ?? {}, options.mapping);
      return importPortfolio(chosen, { ...options, mapping }, dryRun, id, signal);
    },
    onSuccess: (summary, { dryRun, id }) => {
      setAnswered({ id, dryRun, summary });
      if (dryRun) return;
      // The preview has nothing new to tell, and the file is no longer kept.
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "import-preview" });
    },
    onError: async () => {
      await askForTheDead();
      await queryClient.invalidateQueries({ queryKey: ["imports"] });
    },
  });
  const isAnswered = answered !== null && answered.id === importId;
  // The answer may come late or be lost; the import's row tells in any case.
  const { row, lives, failed, told } = useFollowedImport(importId, isAnswered);
  const seen = isAnswered ? answered : (told ?? answered);
  const stopped = stoppedId !== null && stoppedId === importId;
  // It had arrived just before it was stopped.
  const arrived = stopped && lives && row && !row.cancel_requested_at ? row.id : null;
  useEffect(() => {
    if (arrived) void cancelImport(arrived);
  }, [arrived]);
  const ended = isAnswered || told !== null || failed !== null;
  const busy = !ended && (run.isPending || lives || (row != null && !stopped));
  const sending = run.isPending && !row && !ended;
  const start = (dryRun: boolean): void => {
    if (!file) return;
    const id = crypto.randomUUID();
    stop.current = new AbortController();
    setImportId(id);
    run.mutate({ chosen: file, dryRun, id, stop: stop.current.signal });
  };
  const change = (next: Partial<ImportOptions>): void => {
    setOptions({ ...options, ...next });
    setAnswered(null);
    setImportId(null);
    run.reset();
  };
  const choose = (chosen: File | null): void => {
    setFile(chosen);
    change({ sheet: "", mapping: {} });
  };
  const done = seen && !seen.dryRun;
  const lost = ended || lives || stopped ? null : run.error;
  const error = (failed && !stopped ? new AppError(failed, 0) : null) ?? lost ?? preview.error;
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
            {preview.isFetching && !preview.data && (
              <p role="status" className={classes.note}>
                Enviando o arquivo e lendo as colunas…
              </p>
            )}
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
              {sending && !stopped ? (
                <Button
                  variant="default"
                  onClick={() => {
                    setStoppedId(importId);
                    stop.current?.abort();
                  }}
                >
                  Parar o envio
                </Button>
              ) : (
                <Button variant="default" onClick={onClose}>
                  Fechar
                </Button>
              )}
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
                  loading={busy || preview.isFetching}
                  disabled={!preview.data || unanswered.length > 0 || refused}
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
