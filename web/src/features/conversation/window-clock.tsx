import { IconClock, IconClockPause } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { moment, now } from "@/lib/clock";
import { Tag } from "@/ui/tag";
import { timeLeft } from "./time-left";

/** Minutes are shown; a quarter of one is late by no more than anybody sees. */
const tickMs = 15_000;

/** Counts down the 24 hours in which free text may go out. */
export function WindowClock({ until }: { until: string | null }): ReactNode {
  const [at, setAt] = useState(() => now().getTime());
  useEffect(() => {
    const timer = setInterval(() => setAt(now().getTime()), tickMs);
    return () => clearInterval(timer);
  }, []);
  const left = until ? Date.parse(until) - Math.max(at, now().getTime()) : 0;
  if (!until || left <= 0)
    return (
      <Tag tone="warn" title={until ? `Fechou ${moment(until)}` : "A pessoa ainda não escreveu"}>
        <IconClockPause size={13} aria-hidden /> Só modelos
      </Tag>
    );
  const hourMs = 3_600_000;
  return (
    <Tag tone={left < hourMs ? "warn" : "good"} title={`Texto livre até ${moment(until)}`}>
      <IconClock size={13} aria-hidden /> <span data-testid="window-left">{timeLeft(left)}</span>
    </Tag>
  );
}
