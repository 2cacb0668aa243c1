import { Button, Menu, Modal } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import { type ChargeMethod, methodNames } from "@/lib/money-shapes";
import { AddressForm } from "@/ui/address-form";
import "@/ui/menu-styles";
import "@/ui/dialog-styles";
import classes from "./agreements.module.css";
import { requestCharges, saveAddress, useChargeSetup } from "./queries";
import type { AgreementDetail, Installment } from "./shapes";

interface IssueButtonProps {
  installments: Installment[];
  detail: AgreementDetail;
  label?: string;
}

/** Asks for boleto, Pix or card. Who pays is asked for first, while the debtor is still on the phone. */
export function IssueButton({ installments, detail, label = "Emitir cobrança" }: IssueButtonProps): ReactNode {
  const { agreement } = detail;
  const queryClient = useQueryClient();
  const { data: setup } = useChargeSetup(agreement.client.id, true);
  const [asking, setAsking] = useState<{ method?: ChargeMethod } | null>(null);
  const { mutate, isPending, error } = useMutation({
    mutationFn: (method?: ChargeMethod) =>
      requestCharges(
        installments.map(({ id }) => id),
        method,
      ),
    onError: (refusal, method) => {
      // The address was complete a moment ago and is not any more.
      if (refusal instanceof AppError && refusal.code === "address_missing") setAsking(method ? { method } : {});
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["agreement", agreement.id] }),
  });
  const issue = (method?: ChargeMethod): void => {
    if (setup && !setup.payer.cep) setAsking(method ? { method } : {});
    else mutate(method);
  };
  const own = installments[0]?.method ?? "boleto";
  const others = (setup?.methods ?? []).filter((method) => method !== own);
  if (setup && setup.methods === null)
    return <span className={classes.faint}>Negociarie não conectada: peça a um administrador.</span>;
  return (
    <>
      <Button.Group>
        <Button size="compact-sm" variant="default" loading={isPending} onClick={() => issue()}>
          {label}
          {installments.length === 1 && ` (${methodNames[own]})`}
        </Button>
        {others.length > 0 && (
          <Menu withinPortal position="bottom-end">
            <Menu.Target>
              <Button size="compact-sm" variant="default" aria-label="Emitir por outro meio" disabled={isPending}>
                <IconChevronDown size={14} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {others.map((method) => (
                <Menu.Item key={method} onClick={() => issue(method)}>
                  Emitir por {methodNames[method]}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </Button.Group>
      {error && !asking && <span role="alert">{sentenceFor(error)}</span>}
      {asking && (
        <Modal
          opened
          onClose={() => setAsking(null)}
          title="Endereço para a cobrança"
          transitionProps={{ duration: 0 }}
        >
          <p className={classes.faint}>O banco pede o endereço de quem paga. Pergunte ao cliente e confira o CEP.</p>
          <AddressForm
            action="Guardar e emitir"
            save={(address) => saveAddress(agreement.client.id, address)}
            onDone={async () => {
              const { method } = asking;
              setAsking(null);
              await queryClient.invalidateQueries({ queryKey: ["charge-setup", agreement.client.id] });
              mutate(method);
            }}
          />
        </Modal>
      )}
    </>
  );
}
