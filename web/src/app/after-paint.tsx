import { type ComponentType, type LazyExoticComponent, lazy } from "react";

/** Falls through even when the browser never rests (a long list painting). */
const longestWaitMs = 1_500;

function rest(): Promise<void> {
  return new Promise((resolve) => {
    // Safari has no requestIdleCallback; two frames later its first paint is out as well.
    if (typeof requestIdleCallback === "function") requestIdleCallback(() => resolve(), { timeout: longestWaitMs });
    else requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
  });
}

/** What nobody looks at first (menus, bell, toasts) is loaded once the screen is painted. */
export function afterPaint(load: () => Promise<ComponentType>): LazyExoticComponent<ComponentType> {
  return lazy(async () => {
    await rest();
    return { default: await load() };
  });
}
