import type { ReactNode } from "react";
import { type AgreementStatus, agreementStatusNames } from "@/lib/money-shapes";
import { Tag, type Tone } from "@/ui/tag";

const tones: Partial<Record<AgreementStatus, Tone>> = {
  pending_approval: "busy",
  awaiting_first_payment: "busy",
  active: "good",
  settled: "good",
  overdue: "warn",
  broken_provisionally: "warn",
  broken: "bad",
  rejected: "bad",
};

export function StatusTag({ status }: { status: AgreementStatus }): ReactNode {
  return <Tag tone={tones[status] ?? "neutral"}>{agreementStatusNames[status]}</Tag>;
}
