import { ActionIcon } from "@mantine/core";
import { IconBaselineDensitySmall } from "@tabler/icons-react";
import type { ReactNode } from "react";

export function DenseSwitch({ dense, onChange }: { dense: boolean; onChange: (dense: boolean) => void }): ReactNode {
  return (
    <ActionIcon
      variant={dense ? "light" : "subtle"}
      color={dense ? "petrol" : "gray"}
      aria-pressed={dense}
      aria-label="Lista densa"
      title="Lista densa: 60 linhas por tela"
      onClick={() => onChange(!dense)}
    >
      <IconBaselineDensitySmall size={18} aria-hidden />
    </ActionIcon>
  );
}
