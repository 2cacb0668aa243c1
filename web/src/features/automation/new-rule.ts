import type { Definition, Step, Trigger } from "./shapes";

export const newStep: Step = { action: "send_template", wait_minutes: 0, goes_on: true, template_id: null };

export const newRule: Definition = {
  name: "",
  trigger: "disposition",
  disposition_type: null,
  disposition_meaning: null,
  day_offset: null,
  event: null,
  filter: {},
  opens: null,
  closes: null,
  daily_cap: null,
  repeat_days: null,
  priority: 100,
  steps: [newStep],
};

const day = 1_440;

/** What a step is told when it becomes another action. */
const told: Partial<Record<Step["action"], Partial<Step>>> = {
  send_template: { template_id: null },
  create_charge: { method: null },
  send_to_dialer: { campaign_id: null, max_attempts: 3 },
  schedule_callback: { minutes: day, who: "personal", release_minutes: null },
  remind_operator: { note: null },
  notify_supervisor: { note: null },
  quarantine_phone: { days: null },
  tag: { tag_id: null },
  assign: { user_id: null },
};

export function stepOf(action: Step["action"], { wait_minutes, goes_on }: Step): Step {
  return { action, wait_minutes, goes_on, ...told[action] };
}

/** Another trigger asks for other words; what only the old one knew is gone. */
export function withTrigger(rule: Definition, trigger: Trigger): Definition {
  const event = { agreement_event: "approved", payment_event: "received" }[trigger as string] ?? null;
  const isDay = trigger === "debt_due" || trigger === "installment_due";
  return {
    ...rule,
    trigger,
    event,
    disposition_type: null,
    disposition_meaning: null,
    day_offset: isDay ? (rule.day_offset ?? 0) : null,
    // Without it two robots would write to one another for ever.
    repeat_days: trigger === "message_received" ? (rule.repeat_days ?? 1) : rule.repeat_days,
  };
}

/** What keeps it from being saved, in words; the database has the last one. */
export function gapOf(rule: Definition): string | null {
  if (!rule.name.trim()) return "Dê um nome à regra.";
  if (rule.trigger === "disposition" && !rule.disposition_type && !rule.disposition_meaning)
    return "Diga depois de qual tabulação.";
  if (rule.steps.length === 0) return "Acrescente um passo.";
  if (rule.steps.some(({ action, tag_id }) => action === "tag" && !tag_id)) return "Escolha a tag.";
  if (Boolean(rule.opens) !== Boolean(rule.closes)) return "Diga o começo e o fim do horário.";
  if (rule.opens && rule.closes && rule.opens >= rule.closes) return "O horário começa antes de terminar.";
  return null;
}
