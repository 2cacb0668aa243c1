import { useQueryClient } from "@tanstack/react-query";
import { useTopic } from "@/lib/realtime";

/** Somebody changed what this person may do: every page asks again, and one that ended closes. */
export function MembershipWatch({ userId }: { userId: string }): null {
  const queryClient = useQueryClient();
  useTopic(`user:${userId}`, {
    onChange: (event) => {
      if (event === "membership_changed") void queryClient.invalidateQueries();
    },
    // Removed between the page's first question and this moment, nobody would tell it any more.
    onJoined: () => void queryClient.invalidateQueries({ queryKey: ["session", userId] }),
  });
  return null;
}
