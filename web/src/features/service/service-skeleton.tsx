import type { ReactNode } from "react";
import { Panel } from "@/ui/panel";
import { Skeleton } from "@/ui/states";
import { Timeline } from "@/ui/timeline/timeline";
import header from "./client-header.module.css";
import classes from "./service-page.module.css";

/** The screen's own frame, so that nothing moves when the client arrives. */
export function ServiceSkeleton(): ReactNode {
  return (
    <div className={classes.page} aria-busy="true">
      <div className={header.header}>
        <div className={header.who}>
          <Skeleton width={280} height={24} />
          <Skeleton width="70%" height={28} />
        </div>
        <Skeleton width={140} height={48} />
      </div>
      <div className={classes.facts}>
        <Panel title="Telefones">
          <div style={{ padding: 12 }}>
            <Skeleton width="60%" height={14} />
          </div>
        </Panel>
        <Panel title="Títulos">
          <div style={{ padding: 12, display: "grid", gap: 14 }}>
            {[90, 80, 86].map((width) => (
              <Skeleton key={width} width={`${width}%`} height={16} />
            ))}
          </div>
        </Panel>
      </div>
      <Panel title="Tabulação">
        <div style={{ padding: 12, display: "grid", gap: 8 }}>
          <Skeleton width="100%" height={84} />
          {[1, 2, 3, 4, 5].map((row) => (
            <Skeleton key={row} width="100%" height={42} />
          ))}
        </div>
      </Panel>
      <Panel title="Linha do tempo" className={classes.timeline}>
        <Timeline
          items={undefined}
          hasMore={false}
          loadingMore={false}
          onMore={() => undefined}
          colorOf={() => undefined}
        />
      </Panel>
    </div>
  );
}
