import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { type Sender, saveSender, useProviders, type WhatsappProvider, whatsappKey } from "./queries";
import classes from "./whatsapp.module.css";

/** Meta's pace for a number unless it granted more; 20 for one shared with the Business app. */
const usualPace = 80;

export function SenderForm({ sender, onClose }: { sender: Sender | null; onClose: () => void }): ReactNode {
  const queryClient = useQueryClient();
  const [provider, setProvider] = useState<WhatsappProvider>((sender?.provider as WhatsappProvider) ?? "gupshup");
  const providers = useProviders();
  const [name, setName] = useState(sender?.name ?? "");
  const [phone, setPhone] = useState(sender?.phone.replace("+", "") ?? "");
  const [account, setAccount] = useState(sender?.account ?? "");
  const [pace, setPace] = useState(String(sender?.throughput_per_second ?? usualPace));
  const [isDefault, setIsDefault] = useState(sender?.is_default ?? false);
  const save = useMutation({
    mutationFn: () =>
      saveSender({
        provider,
        name: name.trim(),
        phone: `+${phone.replace(/\D/g, "")}`,
        account: account.trim(),
        throughput_per_second: Number(pace),
        is_default: isDefault,
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: whatsappKey });
      onClose();
    },
  });
  const isPace = /^\d{1,4}$/.test(pace) && Number(pace) >= 1 && Number(pace) <= 1000;
  return (
    <form
      className={classes.form}
      aria-label={sender ? `Alterar ${sender.name}` : "Acrescentar número"}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <div className={classes.grid}>
        <NativeSelect
          label="Provedor"
          disabled={sender !== null}
          value={provider}
          data={providers}
          onChange={(event) => setProvider(event.currentTarget.value as WhatsappProvider)}
        />
        <TextInput
          label="Nome"
          placeholder="Banco Aurora"
          required
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Telefone"
          placeholder="5511999990000"
          required
          inputMode="tel"
          value={phone}
          onChange={(event) => setPhone(event.currentTarget.value)}
        />
        <TextInput
          label={providers.find(({ value }) => value === provider)?.account ?? "Conta no provedor"}
          required
          disabled={sender !== null}
          maxLength={100}
          value={account}
          onChange={(event) => setAccount(event.currentTarget.value)}
        />
        <TextInput
          label="Mensagens por segundo"
          required
          inputMode="numeric"
          value={pace}
          error={isPace ? undefined : "De 1 a 1.000"}
          onChange={(event) => setPace(event.currentTarget.value)}
        />
        <label className={classes.check}>
          <input
            type="checkbox"
            checked={isDefault}
            disabled={sender?.is_default ?? false}
            onChange={(event) => setIsDefault(event.currentTarget.checked)}
          />
          Número padrão da assessoria
        </label>
      </div>
      {save.error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(save.error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button type="submit" size="compact-md" loading={save.isPending} disabled={!isPace}>
          Salvar número
        </Button>
        <Button size="compact-md" variant="default" onClick={onClose}>
          Voltar
        </Button>
      </div>
    </form>
  );
}
