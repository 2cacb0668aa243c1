import type { Json } from "@/lib/database.types";
import type { Selection } from "./draft";
import type { BatchFilter, ResultFilter } from "./shapes";

/** Our own closed shapes: objects of texts, numbers, booleans and lists, which is what JSON is. */
export function asJson(value: Selection | BatchFilter | ResultFilter): Json {
  return value as unknown as Json;
}

export interface Wish {
  selection: Selection;
  senderId: string | null;
  templateId: string | null;
  includesAgreements: boolean;
  /** null: now */
  scheduledAt: string | null;
}

export function asked({ selection, senderId, templateId, includesAgreements, scheduledAt }: Wish) {
  return {
    selection: asJson(selection),
    sender_id: senderId ?? "",
    template_id: templateId ?? "",
    includes_agreements: includesAgreements,
    ...(scheduledAt && { scheduled_at: scheduledAt }),
  };
}
