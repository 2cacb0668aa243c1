import { useQueryClient } from "@tanstack/react-query";
import { useTopic } from "@/lib/realtime";

/** Somebody changed what this person may do: every page asks again, and one that ended closes. */
export function MembershipWatch({ userId }: { userId: string }): null {
  const queryClient = useQueryClient();
  useTopic(`user:${userId}`, {
    onChange: (event) => {
      if (event === "membership_changed") void queryClient.invalidateQueries();
    },
    // What was missed meanwhile is asked for by the session's own interval.
    onJoined: () => undefined,
  });
  return null;
}
