import { type ReactNode, useEffect } from "react";
import { notePanelRead } from "@/features/beginning/queries";
import { PanelPage } from "@/features/panel/panel-page";
import { useHasRole } from "@/lib/session";

/** The panel; that an admin has read it is the last of an agency's first steps. */
export function PanelRoom(): ReactNode {
  const isAdmin = useHasRole("admin");
  useEffect(() => {
    if (isAdmin) void notePanelRead();
  }, [isAdmin]);
  return <PanelPage />;
}
