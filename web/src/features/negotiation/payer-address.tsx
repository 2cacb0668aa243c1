import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { AddressForm } from "@/ui/address-form";
import classes from "./negotiation.module.css";
import { negotiationQuery, saveAddress } from "./queries";

/** The bank wants the payer's address: asked for while the debtor is on the phone, without holding up the offer. */
export function PayerAddress({ clientId }: { clientId: string }): ReactNode {
  const queryClient = useQueryClient();
  return (
    <details className={classes.address}>
      <summary>Falta o endereço do cliente para emitir a cobrança</summary>
      <AddressForm
        action="Guardar o endereço"
        save={(address) => saveAddress(clientId, address)}
        onDone={() => queryClient.invalidateQueries({ queryKey: negotiationQuery(clientId).queryKey })}
      />
    </details>
  );
}
