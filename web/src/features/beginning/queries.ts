import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { rpc, shaped } from "@/lib/supabase";

export type StepKey = "providers" | "templates" | "people" | "portfolio" | "rule" | "disposition" | "panel";

export interface FirstStep {
  key: StepKey;
  is_done: boolean;
  /** Of the `want` that make it done, at most as many. */
  have: number;
  want: number;
}

export interface FirstStepsAnswer {
  steps: FirstStep[];
  left: number;
}

export const firstStepsKey = ["first-steps"];

/** Null once it was put away. */
export function useFirstSteps(): UseQueryResult<FirstStepsAnswer | null> {
  return useQuery({
    queryKey: firstStepsKey,
    queryFn: () => shaped<FirstStepsAnswer | null>(rpc("first_steps", {})),
    // What a step leaves behind was done in another room.
    refetchOnMount: "always",
  });
}

export async function hideFirstSteps(): Promise<void> {
  await rpc("hide_first_steps", {});
}

export async function notePanelRead(): Promise<void> {
  await rpc("note_panel_read", {});
}
