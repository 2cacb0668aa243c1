import { Button, Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { useHasRole } from "@/lib/session";
import { AddressForm } from "@/ui/address-form";
import { Panel } from "@/ui/panel";
import "@/ui/dialog-styles";
import classes from "./client-page.module.css";
import { type Address, type AddressText, type ClientProfile, removeAddress, saveAddress } from "./queries";

/** Where the person lives; a boleto asks for it. */
export function ClientAddresses({ client, addresses }: Pick<ClientProfile, "client" | "addresses">): ReactNode {
  const mayEdit = useHasRole("supervisor");
  const [editing, setEditing] = useState<Address | "new" | null>(null);
  const queryClient = useQueryClient();
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["client", client.document] });
  const remove = useMutation({ mutationFn: removeAddress, onSuccess: again });
  const shown = editing === "new" ? null : editing;
  return (
    <Panel
      title="Endereços"
      aside={
        mayEdit && (
          <Button size="compact-sm" variant="subtle" onClick={() => setEditing("new")}>
            Novo endereço
          </Button>
        )
      }
    >
      <ul className={classes.lines}>
        {addresses.length === 0 && <li className={classes.faint}>Nenhum endereço na carteira.</li>}
        {addresses.map((address) => (
          <li key={address.id}>
            <span className={classes.grow}>{addressLine(address)}</span>
            {mayEdit && (
              <>
                <Button size="compact-sm" variant="subtle" onClick={() => setEditing(address)}>
                  Editar<span className="hidden-visually"> {addressLine(address)}</span>
                </Button>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  loading={remove.isPending && remove.variables === address.id}
                  onClick={() => window.confirm("Excluir este endereço?") && remove.mutate(address.id)}
                >
                  Excluir<span className="hidden-visually"> {addressLine(address)}</span>
                </Button>
              </>
            )}
          </li>
        ))}
      </ul>
      {remove.error && (
        <p role="alert" className={classes.warn}>
          {sentenceFor(remove.error)}
        </p>
      )}
      {editing && (
        <Modal opened onClose={() => setEditing(null)} title={shown ? "Editar endereço" : "Novo endereço"}>
          <AddressForm
            {...(shown && { initial: textOf(shown) })}
            action="Salvar endereço"
            save={(text) => saveAddress(client.id, shown?.id ?? null, text)}
            onDone={async () => {
              await again();
              setEditing(null);
            }}
          />
        </Modal>
      )}
    </Panel>
  );
}

function textOf({ cep, street, number, complement, district, city, uf }: Address): AddressText {
  const text = (value: string | null): string => value ?? "";
  return {
    cep: text(cep),
    street: text(street),
    number: text(number),
    complement: text(complement),
    district: text(district),
    city: text(city),
    uf: text(uf),
  };
}

function addressLine({ street, number, complement, district, city, uf, cep }: Address): string {
  const door = [street, number, complement].filter(Boolean).join(", ");
  const town = [city, uf].filter(Boolean).join("/");
  const code = cep ? `CEP ${cep.slice(0, 5)}-${cep.slice(5)}` : "";
  return [door, district, town, code].filter(Boolean).join(" · ");
}
