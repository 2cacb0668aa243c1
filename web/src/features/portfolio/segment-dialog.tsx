import { Button, Modal, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { useHasRole, useMember } from "@/lib/session";
import "@/ui/dialog-styles";
import classes from "./bulk-dialog.module.css";
import type { PortfolioFilter, Sort } from "./filter";
import { deleteSegment, saveSegment } from "./queries";
import type { Segment } from "./shapes";

interface SegmentDialogProps {
  filter: PortfolioFilter;
  sort: Sort;
  segments: Segment[];
  onClose: () => void;
}

export function SegmentDialog({ filter, sort, segments, onClose }: SegmentDialogProps): ReactNode {
  const { user } = useMember();
  const mayShare = useHasRole("supervisor");
  const isAdmin = useHasRole("admin");
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const queryClient = useQueryClient();
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["segments"] });
  const save = useMutation({
    mutationFn: () => saveSegment(name.trim(), filter, sort, shared),
    onSuccess: async () => {
      await again();
      onClose();
    },
  });
  const remove = useMutation({ mutationFn: deleteSegment, onSuccess: again });
  const error = save.error ?? remove.error;
  const removable = segments.filter((each) => each.owner_id === user.id || (isAdmin && each.is_shared));
  return (
    <Modal opened onClose={onClose} title="Segmentos">
      <form
        className={classes.body}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput
          label="Nome do segmento"
          description="Guarda o filtro e a ordem que estão na tela; quem entra nele muda com a carteira."
          required
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {mayShare && (
          <label className={classes.check}>
            <input type="checkbox" checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} />
            Compartilhar com toda a assessoria
          </label>
        )}
        {error && (
          <p role="alert" className={classes.error}>
            {sentenceFor(error)}
          </p>
        )}
        <div className={classes.actions}>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ""}>
            Salvar segmento
          </Button>
        </div>
        {removable.length > 0 && (
          <ul aria-label="Segmentos salvos">
            {removable.map((segment) => (
              <li key={segment.id} className={classes.row}>
                <span>{segment.name}</span>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  leftSection={<IconTrash size={14} aria-hidden />}
                  aria-label={`Excluir ${segment.name}`}
                  disabled={remove.isPending}
                  onClick={() => remove.mutate(segment.id)}
                >
                  Excluir
                </Button>
              </li>
            ))}
          </ul>
        )}
      </form>
    </Modal>
  );
}
