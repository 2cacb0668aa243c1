import { useMutation, useQueryClient } from "@tanstack/react-query";
import { AppError, sentenceFor } from "@/lib/errors";
import { chargeStatus, issueCharge } from "./queries";

/** The provider registers within seconds; later the charge stands in the list with a button of its own. */
const tries = 20;
const pauseMs = 1_500;

interface Issue {
  issue: (installmentId: string) => void;
  isIssuing: boolean;
  problem: string | null;
}

/** Asks for the charge and sends it when it can be paid: one click, however long the provider takes. */
export function useIssue(clientId: string, onReady: (chargeId: string, messageId: string) => void): Issue {
  const queryClient = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: async (installmentId: string) => {
      const messageId = crypto.randomUUID();
      const chargeId = await issueCharge(installmentId);
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
  return { issue: mutate, isIssuing: isPending, problem: error && sentenceFor(error) };
}
