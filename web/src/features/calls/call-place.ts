import type { OpenCall } from "./shapes";

/** Where a call is worked on: its client's screen, or the one that asks whose it is. */
export function placeOf(call: Pick<OpenCall, "id" | "client_id">): string {
  return call.client_id ? `/atendimento/${call.client_id}` : `/atendimento?ligacao=${call.id}`;
}

export function isAt(path: string, call: Pick<OpenCall, "id" | "client_id">): boolean {
  return path === (call.client_id ? placeOf(call) : "/atendimento");
}
