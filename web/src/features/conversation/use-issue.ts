import { useMutation, useQueryClient } from "@tanstack/react-query";
import { AppError, sentenceFor } from "@/lib/errors";
import type { ChargeMethod } from "@/lib/money-shapes";
import { chargeStatus, issueCharge } from "./queries";

/** The provider registers within seconds; later the charge stands in the list with a button of its own. */
const tries = 20;
const pauseMs = 1_500;

interface Wanted {
  installmentId: string;
  method: ChargeMethod;
}

interface Issue {
  issue: (wanted: Wanted) => void;
  /** What is being issued, or was asked for last. */
  wanted: Wanted | undefined;
  isIssuing: boolean;
  problem: string | null;
  lacksAddress: boolean;
}

/** Asks for the charge and sends it when it can be paid: one click, however long the provider takes. */
export function useIssue(clientId: string, onReady: (chargeId: string, messageId: string) => void): Issue {
  const queryClient = useQueryClient();
  const { mutate, variables, isPending, error } = useMutation({
    mutationFn: async ({ installmentId, method }: Wanted) => {
      const messageId = crypto.randomUUID();
      const chargeId = await issueCharge(installmentId, method);
      for (let tried = 0; tried < tries; tried += 1) {
        const { status } = await chargeStatus(chargeId);
        if (status === "open") return onReady(chargeId, messageId);
        if (status === "failed" || status === "cancelled") throw new AppError("charge_not_payable", 409);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      throw new AppError("charge_not_ready", 409);
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["chat-charges", clientId] }),
  });
  return {
    issue: mutate,
    wanted: variables,
    isIssuing: isPending,
    problem: error && sentenceFor(error),
    lacksAddress: error instanceof AppError && error.code === "address_missing",
  };
}
