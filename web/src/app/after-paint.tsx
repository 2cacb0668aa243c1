import { type ComponentType, type LazyExoticComponent, lazy } from "react";

/** Falls through even when the browser never rests (a long list painting) or never paints (a tab in the background). */
const longestWaitMs = 1_500;

function painted(): Promise<unknown> {
  return new Promise((resolve) => {
    // The first frame is the one that paints, the second proves that it is out.
    requestAnimationFrame(() => requestAnimationFrame(resolve));
    setTimeout(resolve, longestWaitMs);
  });
}

function rested(): Promise<unknown> {
  return new Promise((resolve) => {
    if (typeof requestIdleCallback === "function") requestIdleCallback(resolve, { timeout: longestWaitMs });
    // Safari has none.
    else setTimeout(resolve);
  });
}

/** What nobody looks at first (menus, bell, toasts) is loaded once the screen is painted. */
export function afterPaint(load: () => Promise<ComponentType>): LazyExoticComponent<ComponentType> {
  return lazy(async () => {
    await painted();
    await rested();
    return { default: await load() };
  });
}
