import { type ReactNode, useState } from "react";
import { money } from "@/lib/format";
import { Panel } from "@/ui/panel";
import classes from "./agreements.module.css";
import { ChargeCard } from "./charge-card";
import { InstallmentCourse } from "./installment-course";
import { IssueButton } from "./issue-button";
import { Schedule } from "./schedule";
import type { AgreementDetail, Installment } from "./shapes";

/** The schedule with what became of each part; one charge is unfolded at a time. */
export function Installments({ detail, isLiving }: { detail: AgreementDetail; isLiving: boolean }): ReactNode {
  const { agreement, schedule } = detail;
  // The first thing to send is what somebody who opens the agreement looks for.
  const [openId, setOpenId] = useState<string | null>(
    () => schedule.find((part) => part.status === "open" && chargeOf(part)?.status === "open")?.id ?? null,
  );
  const uncharged = schedule.filter((part) => part.status === "open" && !chargeOf(part));
  return (
    <Panel title="Parcelas" aside={`${money(agreement.paid_cents)} pago, ${money(agreement.open_cents)} a receber`}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone (WCAG 2.1.1) */}
      <section className={classes.scrollInside} aria-label="Cronograma" tabIndex={0}>
        <Schedule
          parts={schedule}
          courseOf={(part) => (
            <InstallmentCourse
              installment={part}
              detail={detail}
              isLiving={isLiving}
              isOpen={openId === part.id}
              onToggle={() => setOpenId(openId === part.id ? null : part.id)}
            />
          )}
          belowOf={(part) => {
            const charge = chargeOf(part);
            return openId === part.id && charge && part.status === "open" ? (
              <ChargeCard charge={charge} agreementId={agreement.id} />
            ) : null;
          }}
        />
      </section>
      {isLiving && uncharged.length > 1 && (
        <div className={classes.inside}>
          <IssueButton installments={uncharged} detail={detail} label={`Emitir as ${uncharged.length} cobranças`} />
        </div>
      )}
    </Panel>
  );
}

function chargeOf({ charges }: Installment): Installment["charges"][number] | undefined {
  return charges.find(({ is_wanted, status }) => is_wanted && status !== "cancelled");
}
