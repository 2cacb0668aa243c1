-- When this happens to a client like these, do that. The row is the definition that holds now; what
-- it does step by step is in `rule_steps`, what it said before in `rule_versions`. People write it
-- through save_rule and set_rule_enabled alone, because what speaks to debtors is switched on only
-- by somebody who has seen what it would do.
create type public.rule_action as enum (
    'send_template', 'create_charge', 'send_to_dialer', 'leave_dialer', 'schedule_callback',
    'remind_operator', 'notify_supervisor', 'quarantine_phone', 'tag', 'assign'
);
create type public.rule_trigger as enum (
    'disposition', 'debt_due', 'installment_due', 'agreement_event', 'payment_event',
    'message_received', 'callback_due'
);

create table public.collection_rules (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    name text not null,
    trigger public.rule_trigger not null default 'disposition',
    -- A disposition by its key, or by what it means (a column of `disposition_types`).
    disposition_type text,
    disposition_meaning text,
    -- Days from the due date: negative before it, 0 on the day, positive after.
    day_offset int,
    -- What became of the agreement, or of the money.
    event text,
    -- The carteira's filter; {} is everybody. Asked again at the moment of sending.
    filter jsonb not null default '{}',
    -- The rule's own hours, of the agency's clock, within the lawful ones.
    opens time,
    closes time,
    -- At most so many sent on one day of the agency.
    daily_cap int,
    -- At most one to the same client within so many days.
    repeat_days int,
    -- The lower goes first.
    priority smallint not null default 100,
    is_enabled boolean not null default false,
    -- Grows with every change of the definition; a dry run belongs to one.
    version int not null default 1,
    -- Who switched it on last, and in whose name it loads the dialer.
    enabled_by uuid,
    -- Which of the ready-made rules it began as (0996).
    kit text,
    created_at timestamptz not null default private.now(),
    constraint collection_rules_pkey primary key (id),
    constraint collection_rules_tenant_id_key unique (tenant_id, id),
    constraint collection_rules_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint collection_rules_type_fkey foreign key (tenant_id, disposition_type)
    references public.disposition_types (tenant_id, key),
    constraint collection_rules_enabled_by_fkey foreign key (enabled_by) references auth.users (id),
    constraint collection_rules_one_of_each_kit unique (tenant_id, kit),
    constraint collection_rules_name_is_filled check (btrim(name) <> ''),
    constraint collection_rules_disposition_is_said check (
        num_nonnulls(disposition_type, disposition_meaning)
        = case trigger when 'disposition' then 1 else 0 end
    ),
    constraint collection_rules_meaning_is_known check (
        disposition_meaning in (
            'human_answered', 'right_party', 'is_callback', 'unworkable', 'opens_negotiation'
        )
    ),
    -- A month before, and five years after, when a title prescribes.
    constraint collection_rules_offset_is_said check (
        (day_offset is not null) = (trigger in ('debt_due', 'installment_due'))
        and coalesce(day_offset, 0) between -30 and 1825
    ),
    constraint collection_rules_event_is_said check (
        (event is not null) = (trigger in ('agreement_event', 'payment_event'))
        and (
            trigger <> 'agreement_event'
            or event in ('approved', 'rejected', 'broken', 'settled', 'cancelled')
        )
        and (trigger <> 'payment_event' or event in ('received', 'reversed'))
    ),
    constraint collection_rules_filter_is_object check (jsonb_typeof(filter) = 'object'),
    constraint collection_rules_window_is_whole check (
        num_nonnulls(opens, closes) <> 1 and coalesce(opens < closes, true)
    ),
    constraint collection_rules_cap_allows_something check (daily_cap between 1 and 1000000),
    constraint collection_rules_period_within_a_year check (repeat_days between 1 and 365),
    constraint collection_rules_priority_has_three_digits check (priority between 1 and 999)
);
comment on table public.collection_rules is 'What follows an event or a day automatically.';
create index collection_rules_enabled_by_person on public.collection_rules (enabled_by)
where enabled_by is not null;

-- Serves what is looked up at every disposition (0427).
create index collection_rules_by_type
on public.collection_rules (tenant_id, disposition_type, is_enabled);

alter table public.collection_rules enable row level security;
alter table public.collection_rules force row level security;

create policy collection_rules_select_member on public.collection_rules
for select to authenticated
using (tenant_id = (select private.tenant_id()));

-- No delete: runs point here; `is_enabled` switches a rule off.
grant select on public.collection_rules to authenticated;

create trigger _900_audit_insert after insert on public.collection_rules
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.collection_rules
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.collection_rules
referencing old table as old_rows for each statement execute function private.tg_audit();

-- Whether a disposition of this type is one the rule waits for.
create function private.is_of_rule(rule public.collection_rules, kind public.disposition_types)
returns boolean
language sql
immutable
set search_path = ''
as $$
    select case (rule).disposition_meaning
        when 'human_answered' then (kind).human_answered
        when 'right_party' then (kind).right_party
        when 'is_callback' then (kind).is_callback
        when 'unworkable' then (kind).unworkable
        when 'opens_negotiation' then (kind).opens_negotiation
        else (rule).disposition_type = (kind).key
    end
$$;
