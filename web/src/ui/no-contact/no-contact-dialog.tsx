import { Modal, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { localDate, now } from "@/lib/clock";
import { phone as formatPhone } from "@/lib/format";
import { type Contacted, type SuppressedChannel, suppress } from "@/lib/suppressions";
import asked from "@/ui/ask-dialog.module.css";
import "@/ui/dialog-styles";
import { FormEnd } from "@/ui/form-end";
import { HeldList } from "@/ui/no-contact/held-list";
import classes from "@/ui/no-contact/no-contact.module.css";

interface NoContactDialogProps extends Contacted {
  phones?: string[];
  onClose: () => void;
}

const usualReason = "Pediu para não ser contatado.";

export function NoContactDialog({ clientId, phone, phones = [], onClose }: NoContactDialogProps): ReactNode {
  const [target, setTarget] = useState(phone ?? "");
  const [channel, setChannel] = useState<SuppressedChannel | "">("");
  const [untilOn, setUntilOn] = useState("");
  const [reason, setReason] = useState(usualReason);
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      suppress({ clientId, phone: target || null, channel: channel || null, untilOn, reason: reason.trim() }),
    onSuccess: async () => {
      // Whatever is on the screen may hang on it: hours, timeline, list, talk.
      await queryClient.invalidateQueries();
      onClose();
    },
  });
  const numbers = [...new Set([...phones, ...(phone ? [phone] : [])])];
  return (
    <Modal opened onClose={onClose} title="Não contatar" transitionProps={{ duration: 0 }}>
      <div className={classes.room}>
        <HeldList clientId={clientId} phone={phone} />
        <form
          className={asked.form}
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          <NativeSelect
            label="Quem"
            data-autofocus
            value={target}
            onChange={(event) => setTarget(event.currentTarget.value)}
            data={[
              ...(clientId ? [{ value: "", label: "A pessoa, em todos os números" }] : []),
              ...numbers.map((each) => ({ value: each, label: `Só o número ${formatPhone(each)}` })),
            ]}
          />
          <div className={asked.row}>
            <NativeSelect
              label="Por onde"
              value={channel}
              onChange={(event) => setChannel(event.currentTarget.value as SuppressedChannel | "")}
              data={[
                { value: "", label: "Todos os canais" },
                { value: "whatsapp", label: "WhatsApp" },
                { value: "call", label: "Ligações" },
              ]}
            />
            <TextInput
              type="date"
              label="Até (vazio: sempre)"
              min={localDate(now())}
              value={untilOn}
              onChange={(event) => setUntilOn(event.currentTarget.value)}
            />
          </div>
          <TextInput
            label="Motivo"
            required
            maxLength={500}
            value={reason}
            onFocus={(event) => event.currentTarget.select()}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <p className={classes.faint}>
            Sai do discador agora, fica fora dos disparos e das automações, e ninguém consegue ligar ou escrever por
            aqui. Só um administrador libera.
          </p>
          <FormEnd
            error={save.error}
            onBack={onClose}
            action="Não contatar"
            danger
            busy={save.isPending}
            disabled={!reason.trim()}
          />
        </form>
      </div>
    </Modal>
  );
}
