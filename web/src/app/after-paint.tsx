import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import { firstPaint, rest } from "@/lib/first-paint";

/** A component that is loaded once the screen is painted: menus, bell, toasts. */
export function afterPaint(load: () => Promise<ComponentType>): LazyExoticComponent<ComponentType> {
  return lazy(async () => {
    await firstPaint;
    await rest();
    return { default: await load() };
  });
}
