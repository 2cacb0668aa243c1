import type { ReactNode } from "react";
import { Skeleton } from "@/ui/states";
import classes from "./portfolio-table.module.css";

/** As many as a 1366×768 screen shows. */
const skeletonRows = Array.from({ length: 17 }, (_, index) => index);

export function SkeletonRows(): ReactNode {
  return skeletonRows.map((row) => (
    <tr key={row} aria-hidden>
      <td>
        <Skeleton width={120 + ((row * 37) % 90)} />
      </td>
      <td>
        <Skeleton width={96} />
      </td>
      <td className={classes.wide}>
        <Skeleton width={110} />
      </td>
      <td className={classes.wide}>
        <Skeleton width={100} />
      </td>
      <td colSpan={5}>
        <Skeleton width="100%" />
      </td>
    </tr>
  ));
}
