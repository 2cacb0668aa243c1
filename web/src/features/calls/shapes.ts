export interface OpenCall {
  id: string;
  client_id: string | null;
  client: string | null;
  phone: string | null;
  campaign: string | null;
  status: string;
  called_at: string;
  connected_at: string | null;
  ended_at: string | null;
}

export type AgentState = "offline" | "idle" | "on_call" | "wrap_up" | "manual" | "paused" | "unknown";

/** How the database says that somebody stands; nothing for who is not at work. */
export interface Standing {
  state: "available" | "serving" | "paused";
  reason: string | null;
  since: string;
}

export interface Break {
  id: number;
  name: string;
}

export interface CallTarget {
  client_id: string | null;
  phone: string | null;
  candidates: ClientHit[];
}

export interface ClientHit {
  id: string;
  name: string;
  document: string;
}

export interface Service {
  operator_id: string;
  operator: string | null;
  since: string;
  is_mine: boolean;
}
