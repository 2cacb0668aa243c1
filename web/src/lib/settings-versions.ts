import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery } from "@tanstack/react-query";
import { rpc, shaped } from "@/lib/supabase";

/** A room of the settings as SQL names it (sql/schema/0973). */
export type SettingsRoomName =
  | "general"
  | "dispositions"
  | "creditors"
  | "charging"
  | "contact"
  | "whatsapp"
  | "integrations"
  | "automation"
  | "people";

export interface Version {
  id: number;
  at: string;
  table: string;
  action: "insert" | "update" | "delete";
  actor: string | null;
  /** What people know the row by, as it is stored; null where the agency has one. */
  title: string | null;
  changes: { field: string; from: unknown; to: unknown }[];
  is_current: boolean;
  can_restore: boolean;
}

interface Page {
  items: Version[];
  next: number | null;
}

export const versionsKey = ["settings-versions"];

export function useVersions(room: SettingsRoomName): UseInfiniteQueryResult<Version[]> {
  return useInfiniteQuery({
    queryKey: [...versionsKey, room],
    queryFn: ({ pageParam }) =>
      shaped<Page>(rpc("settings_history", { room, ...(pageParam !== null && { before_id: pageParam }) })),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next,
    select: (data: InfiniteData<Page>) => data.pages.flatMap(({ items }) => items),
  });
}

export async function restoreVersion(id: number): Promise<void> {
  await rpc("restore_setting", { version_id: id });
}
