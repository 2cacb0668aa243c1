import { Button, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import "@/ui/dialog-styles";
import type { Names } from "@/lib/rule-names";
import { Skeleton } from "@/ui/states";
import classes from "./editor.module.css";
import { useVersions } from "./queries";
import type { Definition, Rule, Version } from "./shapes";
import { differences } from "./words";

interface VersionsDialogProps {
  rule: Rule;
  names: Names | undefined;
  onClose: () => void;
  /** Absent for who may only look. */
  onRestore?: ((definition: Definition) => Promise<void>) | undefined;
}

/** Who changed what, when; and the way back to any of it. */
export function VersionsDialog({ rule, names, onClose, onRestore }: VersionsDialogProps): ReactNode {
  const { data: versions, error } = useVersions(rule.id);
  const restore = useMutation({ mutationFn: (definition: Definition) => onRestore?.(definition) ?? Promise.resolve() });
  const problem = error ?? restore.error;
  return (
    <Modal opened onClose={onClose} title="Histórico da regra" size="lg" transitionProps={{ duration: 0 }}>
      {problem && (
        <p role="alert" className={classes.error}>
          {sentenceFor(problem)}
        </p>
      )}
      {!versions && !error && <Skeleton width="100%" height={120} />}
      {versions?.length === 0 && <p className={classes.note}>Ninguém mudou esta regra desde que veio com o produto.</p>}
      <ol className={classes.versions} aria-label="Versões">
        {versions?.map((version, index) => (
          <li key={version.version} className={classes.version}>
            <div className={classes.stepHead}>
              <strong>
                Versão {version.version}
                {version.version === rule.version && ", a de agora"}
              </strong>
              {onRestore && version.version !== rule.version && (
                <Button
                  size="compact-xs"
                  variant="default"
                  loading={restore.isPending && restore.variables === version.definition}
                  onClick={() => restore.mutate(version.definition)}
                >
                  Restaurar
                </Button>
              )}
            </div>
            <span className={classes.note}>
              <time dateTime={version.edited_at}>{moment(version.edited_at)}</time> · {authorOf(version, names)}
            </span>
            <Differences version={version} before={versions[index + 1]} names={names} />
          </li>
        ))}
      </ol>
    </Modal>
  );
}

function authorOf({ edited_by }: Version, names: Names | undefined): string {
  if (!edited_by) return "veio com o produto";
  return names?.members.find(({ user_id }) => user_id === edited_by)?.name ?? "alguém que saiu";
}

function Differences({
  version,
  before,
  names,
}: {
  version: Version;
  before: Version | undefined;
  names: Names | undefined;
}): ReactNode {
  if (!before) return null;
  return (
    <ul>
      {differences(before.definition, version.definition, names).map(({ field, from, to }) => (
        <li key={field}>
          <span>
            {field}: <del>{from}</del> → <strong>{to}</strong>
          </span>
        </li>
      ))}
    </ul>
  );
}
