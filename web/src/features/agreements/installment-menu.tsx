import { ActionIcon, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { localDate, now } from "@/lib/clock";
import { day, money } from "@/lib/format";
import { useHasRole } from "@/lib/session";
import { AskDialog } from "@/ui/ask-dialog";
import "@/ui/menu-styles";
import { cancelInstallment, rescheduleInstallment } from "./queries";
import { SettleDialog } from "./settle-dialog";
import type { AgreementDetail, Installment } from "./shapes";
import { partName } from "./words";

interface InstallmentMenuProps {
  installment: Installment;
  detail: AgreementDetail;
}

/** What happens seldom to one installment: another day, its end, money that came another way. */
export function InstallmentMenu({ installment, detail }: InstallmentMenuProps): ReactNode {
  const queryClient = useQueryClient();
  const isSupervisor = useHasRole("supervisor");
  const [asking, setAsking] = useState<"reschedule" | "cancel" | "settle" | null>(null);
  const name = partName(installment);
  const close = (): void => setAsking(null);
  const again = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["agreement", detail.agreement.id] });
  return (
    <>
      <Menu withinPortal position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`Mais ações da ${name}`} size={26}>
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setAsking("settle")}>Dar baixa manual…</Menu.Item>
          {isSupervisor && <Menu.Item onClick={() => setAsking("reschedule")}>Mudar o vencimento…</Menu.Item>}
          {isSupervisor && (
            <Menu.Item color="red" onClick={() => setAsking("cancel")}>
              Cancelar a parcela…
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {asking === "reschedule" && (
        <AskDialog
          title={`Mudar o vencimento da ${name}`}
          action="Mudar o vencimento"
          dayLabel="Novo vencimento"
          dayRequired
          minDay={localDate(now())}
          run={({ day: dueOn, reason }) => rescheduleInstallment(installment.id, dueOn, reason)}
          onDone={again}
          onClose={close}
        >
          <p>
            {money(installment.amount_cents)}, vence em {day(installment.due_on)}. O valor fica; uma cobrança já emitida
            é cancelada e sai outra com a nova data.
          </p>
        </AskDialog>
      )}
      {asking === "cancel" && (
        <AskDialog
          title={`Cancelar a ${name}`}
          action="Cancelar a parcela"
          danger
          run={({ reason }) => cancelInstallment(installment.id, reason)}
          onDone={again}
          onClose={close}
        >
          <p>
            {money(installment.amount_cents)} deixa de ser devido neste acordo. A cobrança é cancelada antes; se o
            provedor não aceitar, a parcela continua.
          </p>
        </AskDialog>
      )}
      {asking === "settle" && (
        <SettleDialog
          installment={installment}
          clientId={detail.agreement.client.id}
          name={name}
          onDone={again}
          onClose={close}
        />
      )}
    </>
  );
}
