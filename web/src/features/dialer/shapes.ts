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

/** What a disposition is called at the dialer; campaign 0 is every campaign without a row of its own. */
export interface Word {
  campaign_id: number;
  disposition_type: string;
  qualification_id: number;
  qualification_name: string;
}

export type RowOutcome = "excluded" | "waiting" | "loaded" | "filtered" | "removing" | "removed";

export interface ResultRow {
  place: number;
  client_id: string;
  name: string;
  document: string;
  /** Null: the client was left out as a whole. */
  phone: string | null;
  outcome: RowOutcome;
  reason: string | null;
}

export interface Results {
  rows: ResultRow[];
  next: number | null;
  /** Of the first page alone. */
  counts: { outcome: RowOutcome; reason: string | null; contacts: number }[] | null;
}

export type ExportStatus = "planning" | "loading" | "done" | "failed" | "cancelled";

/** silent: weight 0, most of its people may not be called now; opening: the last of them are being taken out; expired: 0
 * for good; gone: deleted at the dialer. */
export type HoursState = "open" | "silent" | "opening" | "expired" | "gone";

export interface DialerExport {
  id: string;
  hours_state: HoursState;
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
  /** Sums in place of the rows, which are forgotten after half a year. */
  results: Results["counts"];
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
    /** Calls were found that nobody told us of, and nothing was told since. */
    silent_since: string | null;
    calls_today: number;
    automatic_today: number;
    /** Dispositions of today the dialer was not told, by why. */
    untold_today: Partial<Record<"no_mapping" | "failed" | "no_agent_token", number>>;
    events_failed: number;
    last_sweep: { finished_at: string; listed: number; recovered: number; failure: string | null } | null;
  } | null;
  exports: DialerExport[];
  agents: {
    id: string;
    agent_id: number;
    agent_name: string | null;
    extension: string | null;
    user_id: string;
    operator: string | null;
  }[];
}
