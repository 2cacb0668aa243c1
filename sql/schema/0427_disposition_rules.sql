-- Which rules wait for a disposition of this type, and how long what they do is held: looked up at
-- every press of a key, worked out anew only when a rule, a type or the agency's policy changes.
-- Derived, by triggers alone; a type nothing waits for has no row.
create table private.disposition_rules (
    tenant_id uuid not null,
    disposition_type text not null,
    -- In the order of their priority.
    rule_ids uuid[] not null,
    held_for interval not null,
    constraint disposition_rules_pkey primary key (tenant_id, disposition_type),
    constraint disposition_rules_type_fkey foreign key (tenant_id, disposition_type)
    references public.disposition_types (tenant_id, key) on delete cascade
);
comment on table private.disposition_rules is 'Derived: rules that are on, per disposition type.';
alter table private.disposition_rules enable row level security;
alter table private.disposition_rules force row level security;

create function private.refresh_disposition_rules(tenant_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    -- Two people who change two rules at once: the later one sees what the other wrote.
    select pg_advisory_xact_lock(
        hashtextextended('disposition_rules:' || refresh_disposition_rules.tenant_id, 0)
    );
    delete from private.disposition_rules as known
    where known.tenant_id = refresh_disposition_rules.tenant_id;
    insert into private.disposition_rules (tenant_id, disposition_type, rule_ids, held_for)
    select kind.tenant_id, kind.key, array_agg(rule.id order by rule.priority, rule.id),
        private.undo_window(kind.tenant_id)
    from public.disposition_types as kind
    join public.collection_rules as rule
        on rule.tenant_id = kind.tenant_id and rule.is_enabled and rule.trigger = 'disposition'
        and private.is_of_rule(rule, kind)
    where kind.tenant_id = refresh_disposition_rules.tenant_id
    group by kind.tenant_id, kind.key
$$;

create function private.tg_refresh_disposition_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.refresh_disposition_rules(changed.tenant_id)
    from (select distinct new_rows.tenant_id from new_rows order by new_rows.tenant_id) as changed;
    return null;
end;
$$;

create trigger _200_disposition_rules_insert after insert on public.collection_rules
referencing new table as new_rows for each statement
execute function private.tg_refresh_disposition_rules();
create trigger _200_disposition_rules_update after update on public.collection_rules
referencing new table as new_rows for each statement
execute function private.tg_refresh_disposition_rules();
create trigger _200_disposition_rules_insert after insert on public.disposition_types
referencing new table as new_rows for each statement
execute function private.tg_refresh_disposition_rules();
create trigger _200_disposition_rules_update after update on public.disposition_types
referencing new table as new_rows for each statement
execute function private.tg_refresh_disposition_rules();
create trigger _200_disposition_rules_insert after insert on public.automation_policies
referencing new table as new_rows for each statement
execute function private.tg_refresh_disposition_rules();
create trigger _200_disposition_rules_update after update on public.automation_policies
referencing new table as new_rows for each statement
execute function private.tg_refresh_disposition_rules();
