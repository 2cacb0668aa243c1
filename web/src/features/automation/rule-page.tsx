import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ComponentType, type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import type { PortfolioFilter } from "@/lib/client-filter";
import { sentenceFor } from "@/lib/errors";
import { useNames } from "@/lib/rule-names";
import { useHasRole } from "@/lib/session";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import { ConditionFields } from "./condition-fields";
import { DryRunPanel } from "./dry-run-panel";
import classes from "./editor.module.css";
import { EnableBar } from "./enable-bar";
import { LimitFields } from "./limit-fields";
import { gapOf, newRule } from "./new-rule";
import { rulesKey, saveRule, usePolicy, useRules } from "./queries";
import type { Definition, Rule } from "./shapes";
import { StepList } from "./step-list";
import { TriggerFields } from "./trigger-fields";
import { useLeaveWarning } from "./use-leave-warning";
import { VersionsDialog } from "./versions-dialog";
import { ruleSentence } from "./words";

export interface ConditionsDialogProps {
  filter: PortfolioFilter;
  onSave: (filter: PortfolioFilter) => void;
  onClose: () => void;
}

interface RulePageProps {
  ruleId: string;
  /** Not saved yet: an id of the page's own. */
  isNew?: boolean;
  /** The carteira's filter. */
  Conditions: ComponentType<ConditionsDialogProps>;
}

/** A rule being written, and beside it what it would do. */
export function RulePage({ ruleId, isNew = false, Conditions }: RulePageProps): ReactNode {
  useDocumentTitle("Regra");
  const maySee = useHasRole("supervisor");
  const { data: rules, error, refetch } = useRules(maySee);
  if (!maySee)
    return (
      <EmptyState title="As regras são da supervisão">
        O que elas fazem com um cliente aparece na linha do tempo dele.
      </EmptyState>
    );
  if (!rules) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
  const rule = rules.find(({ id }) => id === ruleId) ?? null;
  if (!rule && !isNew)
    return (
      <EmptyState
        title="Esta regra não existe mais"
        action={
          <Button component={Link} href="/automacao">
            Ver as regras
          </Button>
        }
      />
    );
  return <Editor ruleId={ruleId} rule={rule} Conditions={Conditions} />;
}

function Editor({ ruleId, rule, Conditions }: RulePageProps & { rule: Rule | null }): ReactNode {
  const mayEdit = useHasRole("admin");
  const queryClient = useQueryClient();
  const [, navigate] = useLocation();
  const names = useNames();
  const { data: policy } = usePolicy();
  const [draft, setDraft] = useState<Definition>(rule?.definition ?? newRule);
  const [isLooking, setIsLooking] = useState(false);
  /** The version that is being changed here; somebody else may save another meanwhile. */
  const [base, setBase] = useState(rule);
  const isDirty = JSON.stringify(draft) !== JSON.stringify(base?.definition ?? newRule);
  const isOvertaken = rule !== null && base !== null && rule.version !== base.version;
  if (isOvertaken && !isDirty) {
    setBase(rule);
    setDraft(rule.definition);
  }
  useLeaveWarning(isDirty);
  const gap = gapOf(draft);
  const change = (part: Partial<Definition>): void => setDraft((before) => ({ ...before, ...part }));
  const save = useMutation({
    mutationFn: (definition: Definition) => saveRule(ruleId, definition),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["rule-versions", ruleId] });
      await queryClient.invalidateQueries({ queryKey: rulesKey });
      // What is stored says every key: the editor goes on with its words.
      const stored = queryClient.getQueryData<Rule[]>(rulesKey)?.find(({ id }) => id === ruleId);
      if (stored) {
        setBase(stored);
        setDraft(stored.definition);
      }
      if (!rule) navigate(`/automacao/regras/${ruleId}`, { replace: true });
    },
  });
  const saveDraft = async (): Promise<void> => {
    await save.mutateAsync({ ...draft, name: draft.name.trim() });
  };
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Link href="/automacao">Automação</Link>
          <h1>{draft.name.trim() || "Nova regra"}</h1>
        </div>
        {rule && <Tag tone={rule.is_enabled ? "good" : "neutral"}>{rule.is_enabled ? "ligada" : "desligada"}</Tag>}
        {rule && (
          <Button variant="subtle" size="compact-sm" onClick={() => setIsLooking(true)}>
            Versão {rule.version}: ver histórico
          </Button>
        )}
      </header>
      <div className={classes.columns}>
        <fieldset disabled={!mayEdit} className={classes.form} aria-label="Regra">
          <Panel title="Quando">
            <TriggerFields rule={draft} isNew={!rule} names={names} onChange={setDraft} />
          </Panel>
          <Panel title="Para quem">
            <ConditionFields
              filter={draft.filter}
              names={names}
              Conditions={Conditions}
              onChange={(filter) => change({ filter })}
            />
          </Panel>
          <Panel title="O que fazer">
            <StepList rule={draft} names={names} onChange={(steps) => change({ steps })} />
          </Panel>
          <Panel title="Limites">
            <LimitFields rule={draft} onChange={change} />
          </Panel>
        </fieldset>
        <div className={classes.beside}>
          <Panel title="Em palavras">
            <p className={classes.sentence} data-testid="sentence">
              {ruleSentence(draft, names, policy?.undo_seconds ?? 0)}
            </p>
            {mayEdit && (
              <div className={classes.saving}>
                {isDirty && rule?.is_enabled && (
                  <p className={classes.note}>Ao salvar, a regra é desligada até ser simulada como ficou.</p>
                )}
                {isDirty && isOvertaken && (
                  <p role="alert" className={classes.note}>
                    Outra pessoa mudou esta regra enquanto você escrevia: o histórico guarda a versão dela.
                  </p>
                )}
                {isDirty && gap && <p className={classes.note}>{gap}</p>}
                {save.error && (
                  <p role="alert" className={classes.error}>
                    {sentenceFor(save.error)}
                  </p>
                )}
                <Button
                  onClick={() => void saveDraft().catch(() => undefined)}
                  loading={save.isPending}
                  disabled={!isDirty || gap !== null}
                >
                  {isDirty ? "Salvar" : "Salva"}
                </Button>
              </div>
            )}
          </Panel>
          {rule && mayEdit && <EnableBar rule={rule} isDirty={isDirty} />}
          <DryRunPanel
            ruleId={ruleId}
            trigger={draft.trigger}
            rule={rule}
            isDirty={isDirty}
            gap={gap}
            isSaving={save.isPending}
            saveFirst={saveDraft}
          />
        </div>
      </div>
      {rule && isLooking && (
        <VersionsDialog
          rule={rule}
          names={names}
          onClose={() => setIsLooking(false)}
          onRestore={
            mayEdit
              ? async (definition) => {
                  await save.mutateAsync(definition);
                  setIsLooking(false);
                }
              : undefined
          }
        />
      )}
    </div>
  );
}
