import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { day, money } from "@/lib/format";
import { Tag } from "@/ui/tag";
import classes from "./agreements.module.css";
import { InstallmentMenu } from "./installment-menu";
import { IssueButton } from "./issue-button";
import type { AgreementDetail, Installment } from "./shapes";
import { cancelText, chargeStates, partName } from "./words";

interface InstallmentCourseProps {
  installment: Installment;
  detail: AgreementDetail;
  isLiving: boolean;
  isOpen: boolean;
  onToggle: () => void;
}

/** What became of one installment, and what may be done next. */
export function InstallmentCourse(props: InstallmentCourseProps): ReactNode {
  const { installment, detail, isLiving, isOpen, onToggle } = props;
  const charge = installment.charges.find(({ is_wanted }) => is_wanted) ?? installment.charges[0];
  const isCharged = charge?.is_wanted === true && charge.status !== "cancelled";
  const isPayable = installment.status === "open";
  const waiting = detail.settlements.find(
    ({ installment_id, status }) => installment_id === installment.id && status === "pending",
  );
  return (
    <div className={classes.actions}>
      {installment.status === "paid" && (
        <Tag tone="good">paga{installment.paid_on && ` em ${day(installment.paid_on)}`}</Tag>
      )}
      {installment.status === "cancelled" && <Tag title={cancelText(installment.cancel_reason)}>cancelada</Tag>}
      {isPayable && installment.paid_cents > 0 && <span>{money(installment.paid_cents)} já pagos</span>}
      {installment.late_cents > 0 && <span>mais {money(installment.late_cents)} por atraso</span>}
      {installment.cancelling_reason && <Tag tone="warn">cancelando a parcela</Tag>}
      {waiting && <Tag tone="warn">baixa manual espera decisão</Tag>}
      {charge && isPayable && (
        <Tag tone={chargeStates[charge.status]?.tone ?? "neutral"}>
          {chargeStates[charge.status]?.text ?? "em andamento"}
        </Tag>
      )}
      {isCharged && isPayable && (
        <Button
          size="compact-sm"
          variant="default"
          aria-expanded={isOpen}
          aria-label={`${isOpen ? "Esconder" : "Ver"} cobrança: ${partName(installment)}`}
          onClick={onToggle}
        >
          {isOpen ? "Esconder" : "Ver cobrança"}
        </Button>
      )}
      {isLiving && isPayable && !isCharged && <IssueButton installments={[installment]} detail={detail} />}
      {isLiving && isPayable && <InstallmentMenu installment={installment} detail={detail} />}
    </div>
  );
}
