export interface OpenCall {
  id: string;
  client_id: string | null;
  client: string | null;
  phone: string | null;
  campaign: string | null;
  status: string;
  called_at: string;
  ended_at: string | null;
}

/** As the dialer names things. */
export interface Campaign {
  id: number;
  name: string;
  paused?: boolean;
  start_time?: string;
  end_time?: string;
}

export type Agents = { id: number; name: string; extension?: number | string; status?: number }[];

export interface CampaignList {
  id: number;
  name: string;
  weight?: number;
  total?: number;
  dialed?: number;
  completed?: number;
  answered?: number;
  abandoned?: number;
}

export interface CampaignRoom {
  lists: CampaignList[];
  qualifications: { id: number; name: string }[];
}

export type ExportStatus = "planning" | "loading" | "done" | "failed" | "cancelled";

export interface DialerExport {
  id: string;
  campaign_id: number;
  campaign_name: string;
  list_name: string;
  weight: number;
  status: ExportStatus;
  selected: number;
  excluded: Record<string, number>;
  planned: number;
  loaded: number;
  filtered: number;
  removed: number;
  is_reported: boolean;
  error_code: string | null;
  error_detail: string | null;
  author: string | null;
  created_at: string;
}

export interface Overview {
  connected: boolean;
  health: {
    last_event_at: string | null;
    failing_since: string | null;
    failure_detail: string | null;
    can_qualify: boolean;
    calls_today: number;
    events_failed: number;
    last_sweep: { finished_at: string; listed: number; recovered: number; failure: string | null } | null;
  } | null;
  exports: DialerExport[];
  agents: { id: string; agent_id: number; extension: string | null; user_id: string; operator: string | null }[];
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
