import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { deleteReply, type Reply, useReplies, whatsappKey } from "./queries";
import { ReplyForm } from "./reply-form";
import classes from "./whatsapp.module.css";

/** Texts that operators call with "/" and the shortcut in a conversation. */
export function Replies(): ReactNode {
  const queryClient = useQueryClient();
  const { data: replies, error } = useReplies();
  const [edited, setEdited] = useState<Reply | "new" | null>(null);
  const remove = useMutation({
    mutationFn: deleteReply,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: whatsappKey }),
  });
  const problem = remove.error ?? error;
  return (
    <div className={classes.body}>
      <p className={classes.note}>Na conversa, digite / e o atalho. Os campos entre chaves vêm do cliente aberto.</p>
      <ul aria-label="Respostas prontas" className={classes.rows}>
        {replies?.map((reply) => (
          <li key={reply.id} className={classes.row}>
            <div className={classes.what}>
              <p>
                <code>/{reply.shortcut}</code>
              </p>
              <p className={classes.text}>{reply.body}</p>
            </div>
            <div className={classes.buttons}>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Alterar /${reply.shortcut}`}
                onClick={() => setEdited(reply)}
              >
                Alterar
              </Button>
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                disabled={remove.isPending}
                aria-label={`Apagar /${reply.shortcut}`}
                onClick={() => {
                  if (window.confirm(`Apagar a resposta /${reply.shortcut}?`)) remove.mutate(reply.id);
                }}
              >
                Apagar
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {replies?.length === 0 && <p className={classes.note}>Nenhuma ainda. A primeira poupa o dia de alguém.</p>}
      {problem && (
        <p role="alert" className={classes.error}>
          {sentenceFor(problem)}
        </p>
      )}
      {edited ? (
        <ReplyForm
          key={edited === "new" ? "new" : edited.id}
          reply={edited === "new" ? null : edited}
          onClose={() => setEdited(null)}
        />
      ) : (
        <Button size="compact-sm" variant="default" className={classes.start} onClick={() => setEdited("new")}>
          Nova resposta
        </Button>
      )}
    </div>
  );
}
