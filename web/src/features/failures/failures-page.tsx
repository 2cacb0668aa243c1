import { type ReactNode, useState } from "react";
import { useSearchParams } from "wouter";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole, useMember } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { EmptyState } from "@/ui/states";
import { FailureList } from "./failure-list";
import classes from "./failures.module.css";
import { countsKey, type FailureKind, failuresKey, kinds, useFailureCounts } from "./queries";
import { kindNames, upTo } from "./words";

const both = [failuresKey, countsKey];
/** A bulk send speaks ten times a second: its failures, and those of areas that say nothing, are seen at the next look. */
const telling = new Set(["automation_changed", "charge_changed", "import_changed"]);

/** Everything that failed and waits for a person, of whatever area. */
export function FailuresPage({ tabs }: { tabs?: ReactNode }): ReactNode {
  useDocumentTitle("Falhas");
  const maySee = useHasRole("supervisor");
  const { tenant } = useMember();
  const [params, setParams] = useSearchParams();
  const { data: counts } = useFailureCounts(maySee);
  const kind = kinds.find((each) => each === params.get("tipo")) ?? null;
  const [said, setSaid] = useState("");
  useLiveQueries(`tenant:${tenant.id}`, both, (event) => (telling.has(event) ? both : []));
  if (!maySee)
    return (
      <EmptyState title="As falhas são da supervisão">
        O que falha com um cliente aparece na linha do tempo dele.
      </EmptyState>
    );
  const all = counts && kinds.reduce((sum, each) => sum + (counts[each] ?? 0), 0);
  const isAside = params.get("deixadas") === "1";
  const choose = (next: FailureKind | null): void => setParams(next ? { tipo: next } : {}, { replace: true });
  const showAside = (): void => setParams(isAside ? {} : { deixadas: "1" }, { replace: true });
  return (
    <div className={classes.page}>
      <h1>Automação</h1>
      {tabs}
      <fieldset className={classes.kinds} aria-label="Tipo de falha">
        <Choice chosen={kind === null && !isAside} onChoose={() => choose(null)} label="Todas" found={all} />
        {kinds
          .filter((each) => each === kind || (counts?.[each] ?? 0) > 0)
          .map((each) => (
            <Choice
              key={each}
              chosen={kind === each}
              onChoose={() => choose(each)}
              label={kindNames[each]}
              found={counts?.[each]}
            />
          ))}
        <Choice chosen={isAside} onChoose={showAside} label="Deixadas de lado" found={undefined} />
      </fieldset>
      <p role="status" className={classes.said}>
        {said}
      </p>
      <FailureList key={`${kind}:${isAside}`} kind={kind} isAside={isAside} onSaid={setSaid} />
    </div>
  );
}

interface ChoiceProps {
  chosen: boolean;
  onChoose: () => void;
  label: string;
  found: number | undefined;
}

function Choice({ chosen, onChoose, label, found }: ChoiceProps): ReactNode {
  return (
    <button type="button" className={classes.kind} aria-pressed={chosen} onClick={onChoose}>
      {label} {found !== undefined && <span className={classes.found}>{upTo(found)}</span>}
    </button>
  );
}
