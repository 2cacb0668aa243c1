import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { phone } from "@/lib/format";
import { pauseReason } from "@/lib/message-words";
import { useHasRole } from "@/lib/session";
import classes from "./broadcast.module.css";
import { resumeSender, sendersKey, useSenders } from "./queries";
import type { BatchSender } from "./shapes";

/** Numbers that stopped: nothing of theirs goes out until a person says so. */
export function PausedSenders(): ReactNode {
  const { data: senders } = useSenders();
  return senders
    ?.filter(({ state }) => state === "paused")
    .map((sender) => <PausedSender key={sender.id} sender={sender} />);
}

export function PausedSender({ sender }: { sender: BatchSender }): ReactNode {
  const queryClient = useQueryClient();
  const mayResume = useHasRole("supervisor");
  const resume = useMutation({
    mutationFn: () => resumeSender(sender.id),
    onSettled: async () => {
      await queryClient.invalidateQueries({ queryKey: sendersKey });
      await queryClient.invalidateQueries({ queryKey: ["batch"] });
      await queryClient.invalidateQueries({ queryKey: ["batches"] });
    },
  });
  return (
    <div className={`${classes.warn} ${classes.notice}`} role="alert">
      <span>
        <strong>
          {sender.name} · {phone(sender.phone)}
        </strong>{" "}
        está parado: {pauseReason(sender.paused_reason)}
        {sender.paused_detail && ` (“${sender.paused_detail}”)`}. Ninguém perde a vez: as mensagens esperam.
        {resume.error && <> {sentenceFor(resume.error)}</>}
      </span>
      {mayResume && (
        <Button size="compact-sm" variant="default" loading={resume.isPending} onClick={() => resume.mutate()}>
          {sender.paused_reason === "person" ? "Reativar" : "Já corrigi: reativar"}
        </Button>
      )}
    </div>
  );
}
