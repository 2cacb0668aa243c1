/** Falls through even when the browser never rests: a long list painting. */
const longestWaitMs = 1_500;
/** A tab in the background never paints; a visible one on a slow machine may take seconds, and waits for itself. */
const longestPaintMs = () => (document.hidden ? longestWaitMs : 15_000);

/** Resolves once this document has painted something. What nobody looks at first waits for it, and leaves the wire to the rest. */
export const firstPaint: Promise<unknown> = new Promise((resolve) => {
  if (typeof PerformanceObserver === "undefined") return resolve(undefined);
  new PerformanceObserver((entries) => {
    // The entry before it, "first-paint", is the empty background.
    if (entries.getEntriesByName("first-contentful-paint").length > 0) resolve(undefined);
  }).observe({ type: "paint", buffered: true });
  setTimeout(resolve, longestPaintMs());
});

/** Resolves when the browser has nothing better to do. */
export function rest(): Promise<unknown> {
  return new Promise((resolve) => {
    if (typeof requestIdleCallback === "function") requestIdleCallback(resolve, { timeout: longestWaitMs });
    // Safari has none.
    else setTimeout(resolve);
  });
}
