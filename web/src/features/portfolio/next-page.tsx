import { Button } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";
import classes from "./portfolio-table.module.css";

export function NextPage({ loading, onMore }: { loading: boolean; onMore: () => void }): ReactNode {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = ref.current;
    if (!element || loading) return;
    // One screen ahead of the eye.
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && onMore(), { rootMargin: "800px" });
    observer.observe(element);
    return () => observer.disconnect();
  }, [loading, onMore]);
  return (
    <div ref={ref} className={classes.next}>
      <Button variant="subtle" size="compact-sm" loading={loading} onClick={onMore}>
        Mostrar mais
      </Button>
    </div>
  );
}
