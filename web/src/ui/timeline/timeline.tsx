import { Button } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { addDays, localDate, now, weekday } from "@/lib/clock";
import { day } from "@/lib/format";
import type { TimelineItem } from "@/lib/timeline";
import { Skeleton } from "@/ui/states";
import classes from "@/ui/timeline/timeline.module.css";
import { TimelineEntry } from "@/ui/timeline/timeline-entry";

interface TimelineProps {
  items: TimelineItem[] | undefined;
  hasMore: boolean;
  loadingMore: boolean;
  onMore: () => void;
  /** Palette colour of a disposition type, by its key. */
  colorOf: (type: string) => string | undefined;
  /** Rows that only this computer knows yet; shown above the rest. */
  unconfirmed?: ReactNode;
}

function dayHeading(date: string): string {
  const today = localDate(now());
  if (date === today) return "Hoje";
  if (date === addDays(today, -1)) return "Ontem";
  return `${day(date)}, ${weekday(date)}`;
}

export function Timeline({ items, hasMore, loadingMore, onMore, colorOf, unconfirmed }: TimelineProps): ReactNode {
  if (!items) return <TimelineSkeleton />;
  if (items.length === 0 && !unconfirmed)
    return <p className={classes.empty}>Nada aconteceu com este cliente ainda. A primeira tabulação aparece aqui.</p>;
  return (
    <>
      <ol className={classes.timeline} aria-label="Linha do tempo">
        {unconfirmed}
        {items.map((item, index) => {
          const date = localDate(new Date(item.at));
          const previous = items[index - 1];
          const startsDay = !previous || localDate(new Date(previous.at)) !== date;
          return (
            <Fragment key={`${item.kind}:${item.id}`}>
              {startsDay && <li className={classes.day}>{dayHeading(date)}</li>}
              <TimelineEntry item={item} colorOf={colorOf} />
            </Fragment>
          );
        })}
      </ol>
      {hasMore && (
        <div className={classes.more}>
          <Button variant="subtle" size="compact-sm" loading={loadingMore} onClick={onMore}>
            Mostrar mais antigos
          </Button>
        </div>
      )}
    </>
  );
}

function TimelineSkeleton(): ReactNode {
  return (
    <div className={classes.skeleton} aria-busy="true">
      <span className="hidden-visually">Carregando a linha do tempo…</span>
      {[62, 48, 70, 55, 40].map((width) => (
        <div key={width} className={classes.skeletonRow}>
          <Skeleton width={24} height={24} />
          <div>
            <Skeleton width={`${width}%`} />
            <Skeleton width={`${width + 20}%`} />
          </div>
        </div>
      ))}
    </div>
  );
}
