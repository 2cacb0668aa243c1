import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import classes from "@/ui/tab-links.module.css";
import { Tag } from "@/ui/tag";

export interface TabLink {
  href: string;
  label: string;
  /** How many wait there; nothing is shown for none. */
  count?: number | undefined;
}

/** Rooms of one page, each with an address of its own. */
export function TabLinks({ label, links }: { label: string; links: TabLink[] }): ReactNode {
  const [path] = useLocation();
  return (
    <nav aria-label={label} className={classes.tabs}>
      {links.map(({ href, label: name, count }) => (
        <Link key={href} href={href} aria-current={path === href ? "page" : undefined}>
          {name}
          {count ? <Tag tone="warn">{count}</Tag> : null}
        </Link>
      ))}
    </nav>
  );
}
