import { notifications } from "@mantine/notifications";
import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";

/** A bulk action: every list and count that it may have changed is asked for again, then its sentence is shown. */
export function useBulk<Args, Outcome>(
  act: (args: Args) => Promise<Outcome>,
  said: (outcome: Outcome) => string,
  onDone: () => void,
): UseMutationResult<Outcome, Error, Args> {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async (outcome) => {
      notifications.show({ message: said(outcome), color: "petrol" });
      onDone();
      for (const key of ["portfolio", "portfolio-totals", "portfolio-counts", "filter-options", "client"])
        await queryClient.invalidateQueries({ queryKey: [key] });
    },
  });
}
