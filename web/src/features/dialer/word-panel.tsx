import { NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import { useHasRole } from "@/lib/session";
import { Panel } from "@/ui/panel";
import { Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./dialer.module.css";
import { saveWord, useCampaign, useCampaigns, useOutcomes, useWords, wordsKey } from "./queries";
import type { Word } from "./shapes";

/** Stands for every campaign without a choice of its own. */
const everyCampaign = 0;

/** What our dispositions are called at the dialer. The qualifications are read there at this moment; what nobody chose is shown. */
export function WordPanel(): ReactNode {
  const [scope, setScope] = useState(everyCampaign);
  const { data: live, error: liveError } = useCampaigns();
  const room = useCampaign(scope);
  const words = useWords();
  const outcomes = useOutcomes();
  const mayChange = useHasRole("admin");
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: saveWord,
    onSettled: () => queryClient.invalidateQueries({ queryKey: wordsKey }),
  });
  const wordOf = (type: string, campaign: number): Word | undefined =>
    words.data?.find((word) => word.disposition_type === type && word.campaign_id === campaign);
  const choices = room.data?.qualifications;
  const nameOf = ({ qualification_id: id, qualification_name: name }: Word): string =>
    choices?.find((choice) => choice.id === id)?.name ?? (name || String(id));
  const missing = outcomes.data?.filter(({ key }) => !wordOf(key, everyCampaign) && !wordOf(key, scope)).length ?? 0;
  const problem = save.error ?? words.error ?? outcomes.error ?? liveError ?? room.error;
  return (
    <Panel
      title="Tabulações e qualificações"
      aside={words.data && missing > 0 && <Tag tone="warn">{plural(missing, "sem par", "sem par")}</Tag>}
    >
      <div className={classes.form}>
        <p className={classes.faint}>
          Ao tabular aqui, a ligação é qualificada no discador com a palavra escolhida. Uma campanha sem escolha própria
          usa a de todas.
        </p>
        {problem && <p role="alert">{sentenceFor(problem)}</p>}
        <NativeSelect
          label="Campanha"
          value={String(scope)}
          onChange={(event) => setScope(Number(event.currentTarget.value))}
          data={[
            { value: String(everyCampaign), label: "Todas as campanhas" },
            ...(live?.campaigns ?? []).map(({ id, name }) => ({ value: String(id), label: name })),
          ]}
        />
        {!(words.data && outcomes.data) && !problem && <Skeleton width="100%" height={120} />}
        {words.data &&
          outcomes.data?.map(({ key, label }) => {
            const own = wordOf(key, scope);
            const shared = scope === everyCampaign ? undefined : wordOf(key, everyCampaign);
            const used = own ?? shared;
            const isGone = used && choices && !choices.some(({ id }) => id === used.qualification_id);
            return (
              <NativeSelect
                key={key}
                label={label}
                disabled={!mayChange || save.isPending || !choices}
                error={
                  isGone
                    ? `“${nameOf(used)}” não existe no discador para esta campanha`
                    : !used && "O discador não é avisado desta tabulação"
                }
                value={own ? String(own.qualification_id) : ""}
                onChange={(event) => {
                  const id = event.currentTarget.value === "" ? null : Number(event.currentTarget.value);
                  save.mutate({
                    campaign_id: scope,
                    disposition_type: key,
                    qualification_id: id,
                    qualification_name: choices?.find((choice) => choice.id === id)?.name ?? "",
                  });
                }}
                data={[
                  {
                    value: "",
                    label: shared ? `como em todas as campanhas: ${nameOf(shared)}` : "nenhuma",
                  },
                  // Chosen once and no longer told by the dialer: still what is sent.
                  ...(own && isGone ? [{ value: String(own.qualification_id), label: nameOf(own) }] : []),
                  ...(choices ?? (own ? [{ id: own.qualification_id, name: nameOf(own) }] : [])).map(
                    ({ id, name }) => ({ value: String(id), label: name }),
                  ),
                ]}
              />
            );
          })}
        {!mayChange && <p className={classes.faint}>Quem muda as palavras é um administrador.</p>}
      </div>
    </Panel>
  );
}
