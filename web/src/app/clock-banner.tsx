import { IconClockShare } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "@/app/banner.module.css";
import { localDate, localTime, now, weekday } from "@/lib/clock";
import { day } from "@/lib/format";
import { useMember } from "@/lib/session";

/** The demo's clock is moved to lawful calling hours; nobody should take its dates for real. */
export function ClockBanner(): ReactNode {
  const { clock_shifted_seconds: shift } = useMember();
  if (shift === 0) return null;
  const at = now();
  return (
    <p className={classes.banner} data-kind="clock">
      <IconClockShare size={16} stroke={1.8} aria-hidden />
      <span>
        Relógio de demonstração: aqui são {localTime(at)} de {weekday(localDate(at))}, {day(localDate(at))}.
        <span className={classes.why}> O relógio real está fora do horário em que se pode ligar.</span>
      </span>
    </p>
  );
}
