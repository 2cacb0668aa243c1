import type { ReactNode } from "react";
import { Tag } from "@/ui/tag";
import { useCounts } from "./queries";
import { useLiveTalks } from "./use-talk";

/** The database counts no further. */
const counted = 100;

/** Unread talks that are one's own, nobody's or a stranger's; nothing for none. */
export function UnreadBadge(): ReactNode {
  useLiveTalks();
  const { data } = useCounts();
  const unread = data ? data.mine + data.nobody + data.unknown : 0;
  if (unread === 0) return null;
  return (
    <Tag tone="warn">
      {unread >= counted ? "99+" : unread}
      <span className="hidden-visually"> conversas não lidas</span>
    </Tag>
  );
}
