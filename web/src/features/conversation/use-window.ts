import { useEffect, useState } from "react";
import { now } from "@/lib/clock";

/** Whether free text may still go out; turns by itself at the second when it may not any more. */
export function useWindowIsOpen(until: string | null): boolean {
  const isOpen = (): boolean => until !== null && Date.parse(until) > now().getTime();
  const [, turn] = useState(0);
  useEffect(() => {
    const left = until ? Date.parse(until) - now().getTime() : 0;
    if (left <= 0) return;
    const timer = setTimeout(() => turn((count) => count + 1), left + 1);
    return () => clearTimeout(timer);
  }, [until]);
  return isOpen();
}
