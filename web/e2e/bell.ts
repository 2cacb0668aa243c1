import type { Page } from "@playwright/test";

export const bell = (page: Page): ReturnType<Page["getByRole"]> => page.getByRole("button", { name: /^Notificações/ });

export async function unread(page: Page): Promise<number> {
  const told = await bell(page).getAttribute("aria-label");
  return Number(/\d+/.exec(told ?? "")?.[0] ?? 0);
}
