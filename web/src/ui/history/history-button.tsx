import { Button } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { type ReactNode, Suspense, useState } from "react";
import { later } from "@/lib/later";
import type { SettingsRoomName } from "@/lib/settings-versions";

const SettingsHistory = later(
  () => import("./settings-history"),
  (m) => m.SettingsHistory,
);

export function HistoryButton({ room }: { room: SettingsRoomName }): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconHistory size={15} aria-hidden />}
        onClick={() => setIsOpen(true)}
      >
        Histórico
      </Button>
      {isOpen && (
        <Suspense fallback={null}>
          <SettingsHistory room={room} onClose={() => setIsOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
