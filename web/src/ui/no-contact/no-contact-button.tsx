import { Button } from "@mantine/core";
import { IconPhoneOff } from "@tabler/icons-react";
import { type ReactNode, Suspense, useState } from "react";
import { phone as formatPhone } from "@/lib/format";
import { later } from "@/lib/later";
import type { Contacted } from "@/lib/suppressions";
import { useAltKey } from "@/ui/alt-key";
import { Key } from "@/ui/tag";

const NoContactDialog = later(
  () => import("@/ui/no-contact/no-contact-dialog"),
  (m) => m.NoContactDialog,
);

interface NoContactButtonProps extends Contacted {
  /** The person's numbers, to choose one of. */
  phones?: string[];
  /** The one that answers to Alt+B. */
  hasKey?: boolean;
  label?: string;
  /** The icon alone, where a line has no room for words; they are still read out and shown under the mouse. */
  isIcon?: boolean;
}

/** “Não contatar”: what holds for this person or number, one more, and for an admin the way back. */
export function NoContactButton({ hasKey = false, label, isIcon = false, ...who }: NoContactButtonProps): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  useAltKey("KeyB", () => {
    if (hasKey) setIsOpen(true);
  });
  return (
    <>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        leftSection={!isIcon && <IconPhoneOff size={13} stroke={1.8} aria-hidden />}
        {...(isIcon && { title: label ?? "Não contatar" })}
        {...(hasKey && { "aria-keyshortcuts": "Alt+B" })}
        onClick={() => setIsOpen(true)}
        onMouseEnter={() => void NoContactDialog.preload()}
      >
        {isIcon && <IconPhoneOff size={14} stroke={1.8} aria-hidden />}
        <span className={isIcon ? "hidden-visually" : undefined}>{label ?? "Não contatar"}</span>
        {label && who.phone && <span className="hidden-visually"> {formatPhone(who.phone)}</span>}
        {hasKey && (
          <>
            &nbsp;<Key>Alt+B</Key>
          </>
        )}
      </Button>
      <Suspense fallback={null}>{isOpen && <NoContactDialog {...who} onClose={() => setIsOpen(false)} />}</Suspense>
    </>
  );
}
