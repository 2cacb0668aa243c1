import type { PortfolioFilter } from "@/lib/client-filter";
import type { RuleAction } from "@/lib/rule-words";
import type { AutomationItem } from "@/lib/timeline";

export type Trigger =
  | "disposition"
  | "debt_due"
  | "installment_due"
  | "agreement_event"
  | "payment_event"
  | "message_received"
  | "callback_due";

export interface Step {
  action: RuleAction;
  /** Before this step: from the trigger, or from the end of the step before. */
  wait_minutes: number;
  /** Skipped or failed, it does not hold up the next ones. */
  goes_on: boolean;
  template_id?: string | null;
  method?: "boleto" | "pix" | "card" | null;
  campaign_id?: number | null;
  max_attempts?: number | null;
  minutes?: number | null;
  who?: "personal" | "anyone" | null;
  release_minutes?: number | null;
  note?: string | null;
  days?: number | null;
  tag_id?: string | null;
  user_id?: string | null;
}

/** A rule as it is saved: always all of it. */
export interface Definition {
  name: string;
  trigger: Trigger;
  disposition_type: string | null;
  disposition_meaning: string | null;
  day_offset: number | null;
  event: string | null;
  filter: PortfolioFilter;
  /** "09:00", of the agency's wall. */
  opens: string | null;
  closes: string | null;
  daily_cap: number | null;
  repeat_days: number | null;
  priority: number;
  steps: Step[];
}

export interface Count {
  position: number;
  action: RuleAction;
  verdict: Verdict;
  reason: string | null;
  count: number;
}

export interface DryRun {
  id: string;
  version: number;
  frozen_at: string;
  /** Business dates. */
  from_date: string;
  to_date: string;
  counts: Count[];
  /** Millionths of the currency's unit, of what would be sent now; null when nobody knows. */
  price_micros: number | null;
  currency: string | null;
}

export interface Rule {
  id: string;
  version: number;
  is_enabled: boolean;
  definition: Definition;
  /** It speaks to people or spends money. */
  speaks: boolean;
  /** What must be chosen before it may be switched on. */
  missing: string[];
  last_dry_run: DryRun | null;
  may_enable: boolean;
  today: { queued: number; done: number; skipped: number; failed: number };
  last_run_at?: string | null;
}

export type Verdict = "send" | "act" | "postpone" | "skip";

export interface Line {
  place: number;
  position: number;
  action: RuleAction;
  verdict: Verdict;
  reason: string | null;
  not_before: string | null;
  phone: string | null;
  body: string | null;
  price_micros: number | null;
  client: { id: string; name: string } | null;
}

export type RunStatus = AutomationItem["status"];

export interface AutomationRun {
  id: string;
  /** Of the rule's step. */
  position: number;
  status: RunStatus;
  reason: string | null;
  created_at: string;
  next_attempt_at: string | null;
  rule: { id: string; name: string };
  client: { id: string; name: string };
}

export interface Version {
  version: number;
  definition: Definition;
  edited_by: string | null;
  edited_at: string;
}

export interface Policy {
  undo_seconds: number;
  is_stopped: boolean;
  stopped_channels: string[];
}
