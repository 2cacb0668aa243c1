import { AppError } from "@/lib/errors";
import type { ImportOptions } from "./shapes";

/** Files that the server keeps between the look at their columns and the import, by the id it gave them. */
export const kept = new WeakMap<File, string>();

/** Sends a file, or the id it is kept under. One that is gone there goes up again. */
export async function sentOnce<Answer>(
  file: File,
  query: Record<string, string>,
  send: (body: BodyInit, query: Record<string, string>) => Promise<Answer>,
): Promise<Answer> {
  const upload = kept.get(file);
  if (upload)
    try {
      return await send("", { ...query, upload });
    } catch (error) {
      if (!(error instanceof AppError && error.code === "upload_expired")) throw error;
      kept.delete(file);
    }
  const body = new FormData();
  body.set("file", file);
  return send(body, query);
}

export function optionsQuery({ creditor, newCreditor, sheet, mapping }: ImportOptions): Record<string, string> {
  const owner = newCreditor === null ? creditor : newCreditor.trim();
  return {
    ...(owner && { creditor: owner }),
    ...(sheet && { sheet }),
    ...(Object.keys(mapping).length > 0 && { mapping: JSON.stringify(mapping) }),
  };
}
