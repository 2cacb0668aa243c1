import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import classes from "@/ui/ask-dialog.module.css";

/** CEP with digits only; as save_client_address takes it. */
export type Address = Record<"cep" | "street" | "number" | "complement" | "district" | "city" | "uf", string>;

interface AddressFormProps {
  save: (address: Address) => Promise<unknown>;
  action: string;
  /** What is known of it, to be mended. */
  initial?: Address;
  onDone: () => unknown;
}

const states = "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO".split(" ");

const labels: Record<keyof Address, string> = {
  cep: "CEP",
  street: "Logradouro",
  number: "Número",
  complement: "Complemento",
  district: "Bairro",
  city: "Cidade",
  uf: "UF",
};

const nothing: Address = { cep: "", street: "", number: "", complement: "", district: "", city: "", uf: "" };

/** What a bank wants to know of a payer, asked while the debtor is on the phone and not after the bank's refusal. */
export function AddressForm({ save, action, initial = nothing, onDone }: AddressFormProps): ReactNode {
  const [address, setAddress] = useState(initial);
  const [tried, setTried] = useState(false);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => save({ ...address, cep: address.cep.replace(/\D/g, "") }),
    onSuccess: onDone,
  });
  const refused = error instanceof AppError && error.code === "address_invalid" ? error.detail : null;
  const problem = (field: keyof Address): string | undefined => {
    if (refused === field) return "Confira";
    if (!tried || field === "complement") return undefined;
    if (field === "cep") return /^\d{5}-?\d{3}$/.test(address.cep.trim()) ? undefined : "Oito dígitos";
    return address[field].trim() ? undefined : "Falta preencher";
  };
  const text = (field: keyof Address, maxLength: number): ReactNode => (
    <TextInput
      label={labels[field]}
      maxLength={maxLength}
      value={address[field]}
      error={problem(field)}
      withAsterisk={field !== "complement"}
      {...(field === "cep" && { inputMode: "numeric" as const, placeholder: "00000-000", "data-autofocus": true })}
      onChange={(event) => setAddress({ ...address, [field]: event.currentTarget.value })}
    />
  );
  const isComplete =
    /^\d{5}-?\d{3}$/.test(address.cep.trim()) &&
    (["street", "number", "district", "city", "uf"] as const).every((field) => address[field].trim());
  return (
    <form
      className={classes.form}
      aria-label="Endereço do cliente"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (isComplete) mutate();
      }}
    >
      <div className={classes.row}>
        {text("cep", 9)}
        {text("number", 20)}
      </div>
      {text("street", 200)}
      <div className={classes.row}>
        {text("complement", 200)}
        {text("district", 200)}
      </div>
      <div className={classes.row}>
        {text("city", 200)}
        <NativeSelect
          label={labels.uf}
          withAsterisk
          value={address.uf}
          error={problem("uf")}
          data={[{ value: "", label: "—" }, ...states]}
          onChange={(event) => setAddress({ ...address, uf: event.currentTarget.value })}
        />
      </div>
      {error && !refused && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      <div className={classes.buttons}>
        <Button type="submit" loading={isPending}>
          {action}
        </Button>
      </div>
    </form>
  );
}
