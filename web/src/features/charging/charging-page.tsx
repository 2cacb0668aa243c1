import type { ReactNode } from "react";

export function ChargingPage(): ReactNode {
  return null;
}
