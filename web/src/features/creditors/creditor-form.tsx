import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import classes from "./creditors.module.css";
import { type Creditor, creditorsKey, type Fields, saveCreditor } from "./queries";

function problemText(error: unknown): string {
  if (error instanceof AppError && error.code === "name_taken") return "Já existe um credor com este nome.";
  return sentenceFor(error);
}

/** A CNPJ may hold letters since July 2026. */
const shape = /^([0-9]{11}|[0-9A-Z]{12}[0-9]{2})$/;

export function CreditorForm({ creditor, onClose }: { creditor: Creditor | null; onClose: () => void }): ReactNode {
  const queryClient = useQueryClient();
  const [fields, setFields] = useState<Fields>({
    name: creditor?.name ?? "",
    document: creditor?.document ?? "",
    address: creditor?.address ?? "",
    is_active: creditor?.is_active ?? true,
  });
  const change = (part: Partial<Fields>): void => setFields((was) => ({ ...was, ...part }));
  const document = (fields.document ?? "").toUpperCase().replace(/[^0-9A-Z]/g, "");
  const isShaped = document === "" || shape.test(document);
  const save = useMutation({
    mutationFn: () =>
      saveCreditor(creditor?.id ?? null, {
        ...fields,
        name: fields.name.trim(),
        document: document || null,
        address: fields.address?.trim() || null,
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: creditorsKey });
      onClose();
    },
  });
  return (
    <form
      className={classes.form}
      aria-label={creditor ? `Alterar ${creditor.name}` : "Novo credor"}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <div className={classes.grid}>
        <TextInput
          label="Nome"
          required
          maxLength={200}
          value={fields.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <TextInput
          label="CNPJ ou CPF"
          value={fields.document ?? ""}
          error={isShaped ? undefined : "Confira: são 14 caracteres (CNPJ) ou 11 (CPF)"}
          onChange={(event) => change({ document: event.currentTarget.value })}
        />
        <TextInput
          label="Endereço"
          description="A lei pede nome, CNPJ e endereço no que o devedor recebe"
          maxLength={300}
          value={fields.address ?? ""}
          onChange={(event) => change({ address: event.currentTarget.value })}
        />
      </div>
      <label className={classes.check}>
        <input
          type="checkbox"
          checked={fields.is_active}
          onChange={(event) => change({ is_active: event.currentTarget.checked })}
        />
        Ativo: aparece onde se criam regras
      </label>
      {save.error && (
        <p role="alert" className={classes.error}>
          {problemText(save.error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button
          type="submit"
          size="compact-md"
          loading={save.isPending}
          disabled={fields.name.trim() === "" || !isShaped}
        >
          Salvar credor
        </Button>
        <Button size="compact-md" variant="default" onClick={onClose}>
          Voltar
        </Button>
      </div>
    </form>
  );
}
