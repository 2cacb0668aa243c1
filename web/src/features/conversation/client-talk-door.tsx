import { Button } from "@mantine/core";
import { IconMessages } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Key, Tag } from "@/ui/tag";
import { useTalks } from "./queries";
import { useLiveTalks } from "./use-talk";

/** The way to the client's talk, with how much of it nobody has read. */
export function ClientTalkDoor({ clientId, onOpen }: { clientId: string; onOpen: () => void }): ReactNode {
  const { data } = useTalks({ client_id: clientId });
  useLiveTalks();
  const unread = data?.pages.flatMap(({ rows }) => rows).reduce((sum, talk) => sum + talk.unread, 0) ?? 0;
  return (
    <Button variant="light" size="compact-sm" leftSection={<IconMessages size={14} aria-hidden />} onClick={onOpen}>
      Conversa
      {unread > 0 && (
        <>
          &nbsp;
          <Tag tone="warn">
            {unread}
            <span className="hidden-visually"> não lidas</span>
          </Tag>
        </>
      )}
      &nbsp;<Key>Alt+W</Key>
    </Button>
  );
}
