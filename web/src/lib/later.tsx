import { type ComponentType, lazy, type ReactNode, useState } from "react";
import { brought } from "@/lib/brought";
import { firstPaint, rest } from "@/lib/first-paint";

export type Later<Props> = ComponentType<Props> & { preload: () => Promise<void> };

/** A component whose code comes when it is first shown: dialogs, drawers. */
export function onDemand<Code, Props extends object>(
  load: () => Promise<Code>,
  pick: (code: Code) => ComponentType<Props>,
): (props: Props) => ReactNode {
  return lazy(async () => ({ default: pick(await brought(load)) })) as unknown as (props: Props) => ReactNode;
}

/** Like `onDemand`, but a component whose code is already here renders at once: React holds back what was suspended, however
 * briefly, until 300 ms after the fallback. */
export function later<Code, Props extends object>(
  load: () => Promise<Code>,
  pick: (code: Code) => ComponentType<Props>,
): Later<Props> {
  let here: ComponentType<Props> | undefined;
  const Awaited = onDemand(load, pick);
  const Chosen = (props: Props): ReactNode => {
    const [Which] = useState(() => here ?? Awaited);
    return <Which {...props} />;
  };
  return Object.assign(Chosen, {
    preload: async () => {
      here = pick(await load());
    },
  });
}

/** Resolves once the screen is painted and the browser has nothing better to do. */
export async function painted(): Promise<void> {
  await firstPaint;
  await rest();
}

/** A component that is loaded once the screen is painted: menus, bell, toasts, who else is here. */
export function afterPaint<Code, Props extends object>(
  load: () => Promise<Code>,
  pick: (code: Code) => ComponentType<Props>,
): ComponentType<Props> {
  return lazy(async () => {
    await painted();
    return { default: pick(await brought(load, false)) };
  }) as unknown as ComponentType<Props>;
}
