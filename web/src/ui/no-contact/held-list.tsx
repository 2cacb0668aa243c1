import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { phone as formatPhone } from "@/lib/format";
import { useHasRole } from "@/lib/session";
import {
  type Contacted,
  channelNames,
  liftSuppression,
  type Suppression,
  suppressionReason,
  useSuppressions,
} from "@/lib/suppressions";
import asked from "@/ui/ask-dialog.module.css";
import classes from "@/ui/no-contact/no-contact.module.css";

/** What holds now; an admin lifts one at a time, each with its reason. */
export function HeldList(who: Contacted): ReactNode {
  const { data: held, error } = useSuppressions(who);
  const isAdmin = useHasRole("admin");
  if (error) return <p role="alert">{sentenceFor(error)}</p>;
  if (!held || held.length === 0) return null;
  return (
    <section aria-label="Bloqueios em vigor">
      <ul className={classes.held}>
        {held.map((each) => (
          <li key={each.id}>
            <p>
              <strong>{each.phone ? formatPhone(each.phone) : "A pessoa, em todos os números"}</strong>
              {": "}
              {each.channel ? `sem ${channelNames[each.channel]}` : "nenhum contato"}
              {each.expires_at ? `, até ${moment(each.expires_at)}` : ", para sempre"}.
            </p>
            <p className={classes.faint}>
              {[suppressionReason(each.reason), each.author, moment(each.created_at)].filter(Boolean).join(" · ")}
            </p>
            {isAdmin && <Lift held={each} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lift({ held }: { held: Suppression }): ReactNode {
  const [reason, setReason] = useState<string | null>(null);
  const queryClient = useQueryClient();
  const lift = useMutation({
    mutationFn: (why: string) => liftSuppression(held.id, why),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  if (reason === null)
    return (
      <Button size="compact-xs" variant="default" onClick={() => setReason("")}>
        Liberar
      </Button>
    );
  return (
    <form
      className={classes.lift}
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim()) lift.mutate(reason.trim());
      }}
    >
      <TextInput
        label="Motivo para liberar"
        required
        autoFocus
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {lift.error && (
        <p role="alert" className={asked.error}>
          {sentenceFor(lift.error)}
        </p>
      )}
      <div className={asked.buttons}>
        <Button size="compact-sm" variant="default" onClick={() => setReason(null)}>
          Voltar
        </Button>
        <Button size="compact-sm" type="submit" loading={lift.isPending} disabled={!reason.trim()}>
          Liberar o contato
        </Button>
      </div>
    </form>
  );
}
