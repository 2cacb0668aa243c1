-- Who changes something of a past day says so, in the same transaction. New dispositions, messages,
-- agreements and installments say nothing: nobody can back-date one, their days are open, and a key
-- that is pressed stays as fast as it was. A new call may be one that a sweep found days later.
create function private.tg_calls__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        perform private.mark_panel_days(touched.tenant_id, array_agg(touched.day))
        from (
            select distinct changed.tenant_id,
                ((changed.called_at + near.by) at time zone tenants.time_zone)::date as day
            from new_rows as changed join public.tenants on tenants.id = changed.tenant_id
            -- A call about midnight may have kept a callback of the day beside.
            cross join (values (interval '-10 minutes'), ('10 minutes')) as near (by)
        ) as touched
        group by touched.tenant_id;
    else
        perform private.mark_panel_days(touched.tenant_id, array_agg(touched.day))
        from (
            select distinct changed.tenant_id,
                ((changed.called_at + near.by) at time zone tenants.time_zone)::date as day
            from (table old_rows union all table new_rows) as changed
            join public.tenants on tenants.id = changed.tenant_id
            cross join (values (interval '-10 minutes'), ('10 minutes')) as near (by)
        ) as touched
        group by touched.tenant_id;
    end if;
    return null;
end;
$$;

-- A receipt of last night's message is the usual case: only what an event shows is compared.
create function private.tg_message_logs__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_panel_days(touched.tenant_id, array_agg(touched.day))
    from (
        select distinct changed.tenant_id,
            (days.at at time zone tenants.time_zone)::date as day
        from new_rows as changed
        join old_rows as was on was.id = changed.id
        join public.tenants on tenants.id = changed.tenant_id
        cross join lateral (values (was.submitted_at), (changed.submitted_at)) as days (at)
        where changed.direction = 'out' and days.at is not null and (
            changed.submitted_at, changed.client_id, changed.created_by, changed.status,
            changed.delivered_at, changed.read_at, changed.error_code
        ) is distinct from (
            was.submitted_at, was.client_id, was.created_by, was.status, was.delivered_at,
            was.read_at, was.error_code
        )
        union
        -- Whether what was said within a day of it is an answer.
        select changed.tenant_id, (changed.created_at at time zone tenants.time_zone)::date + late
        from new_rows as changed
        join old_rows as was on was.id = changed.id
        join public.tenants on tenants.id = changed.tenant_id
        cross join generate_series(0, 1) as late
        where (changed.submitted_at is null, changed.client_id)
            is distinct from (was.submitted_at is null, was.client_id)
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$$;

-- Every day an agreement's numbers stand on: its proposal (the talk that led to it), its
-- formalisation, its breaks, its due days.
create function private.mark_agreements(agreement_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    select private.mark_panel_days(concerned.tenant_id, array_agg(concerned.day))
    from (
        select agreement.tenant_id,
            (agreement.formalised_at at time zone tenants.time_zone)::date as day
        from public.agreements as agreement
        join public.tenants on tenants.id = agreement.tenant_id
        where agreement.id = any(mark_agreements.agreement_ids)
          and agreement.formalised_at is not null
        union
        select agreement.tenant_id,
            (agreement.created_at at time zone tenants.time_zone)::date
        from public.agreements as agreement
        join public.tenants on tenants.id = agreement.tenant_id
        where agreement.id = any(mark_agreements.agreement_ids)
          and agreement.formalised_at is not null
        union
        select event.tenant_id, event.on_date
        from public.agreements as agreement
        join public.agreement_events as event
            on event.tenant_id = agreement.tenant_id and event.agreement_id = agreement.id
        where agreement.id = any(mark_agreements.agreement_ids) and event.to_status = 'broken'
        union
        select part.tenant_id, part.effective_due_on
        from public.agreements as agreement
        join public.installments as part
            on part.tenant_id = agreement.tenant_id and part.agreement_id = agreement.id
        where agreement.id = any(mark_agreements.agreement_ids)
          and agreement.formalised_at is not null
    ) as concerned
    group by concerned.tenant_id
$$;

create function private.tg_agreements__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_agreements(array(select new_rows.id from new_rows));
    return null;
end;
$$;

create function private.tg_installments__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_agreements(array(select distinct new_rows.agreement_id from new_rows));
    -- A due day that was moved leaves the day it fell on.
    perform private.mark_panel_days(moved.tenant_id, array_agg(moved.effective_due_on))
    from (
        select distinct was.tenant_id, was.effective_due_on
        from old_rows as was
        join new_rows as became on became.id = was.id
        where became.effective_due_on <> was.effective_due_on
    ) as moved
    group by moved.tenant_id;
    return null;
end;
$$;

create function private.tg_agreement_events__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_panel_days(touched.tenant_id, array_agg(distinct touched.on_date))
    from new_rows as touched
    where touched.to_status = 'broken'
    group by touched.tenant_id;
    return null;
end;
$$;

create function private.tg_payment_allocations__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_panel_days(touched.tenant_id, array_agg(distinct payment.paid_on))
    from new_rows as touched
    join public.payments as payment
        on payment.tenant_id = touched.tenant_id and payment.id = touched.payment_id
    group by touched.tenant_id;
    return null;
end;
$$;

-- All that is kept is read anew: another meaning of a word, another zone, titles that a rolled back
-- import took away. Rare.
create function private.mark_panel_since(tenant_id uuid, since date) returns void
language sql
security definer
set search_path = ''
as $$
    -- Not from `panel_days`: a day that is being kept for the first time is not seen there yet.
    insert into private.panel_dirty (tenant_id, day)
    select mark_panel_since.tenant_id, ended.open_from - step
    from (
        select private.panel_open_from(mark_panel_since.tenant_id) as open_from,
            -- Another zone may have moved it.
            private.panel_since(mark_panel_since.tenant_id) - 1 as first_day
    ) as ended
    cross join lateral generate_series(
        1, ended.open_from - greatest(ended.first_day, mark_panel_since.since)
    ) as step
$$;

create function private.tg_disposition_types__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_panel_since(changed.tenant_id, '-infinity')
    from (
        select distinct became.tenant_id
        from new_rows as became
        join old_rows as was on was.tenant_id = became.tenant_id and was.key = became.key
        where (became.human_answered, became.right_party, became.unworkable)
            is distinct from (was.human_answered, was.right_party, was.unworkable)
    ) as changed;
    return null;
end;
$$;

create function private.tg_tenants__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_panel_since(became.id, '-infinity')
    from new_rows as became
    join old_rows as was on was.id = became.id
    where became.time_zone <> was.time_zone;
    return null;
end;
$$;

create function private.tg_debts__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_panel_since(
        gone.tenant_id, (min(gone.created_at) at time zone tenants.time_zone)::date
    )
    from old_rows as gone
    join public.tenants on tenants.id = gone.tenant_id
    group by gone.tenant_id, tenants.time_zone;
    return null;
end;
$$;

-- A callback that is moved, ended or called off: the day it was due, and the day it is due now.
create function private.tg_callbacks__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_panel_days(touched.tenant_id, array_agg(touched.day))
    from (
        select distinct changed.tenant_id,
            (days.at at time zone tenants.time_zone)::date as day
        from new_rows as changed
        join old_rows as was on was.id = changed.id
        join public.tenants on tenants.id = changed.tenant_id
        cross join lateral (values (was.due_at), (changed.due_at)) as days (at)
        where (changed.due_at, changed.status, changed.operator_id, changed.released_from)
            is distinct from (was.due_at, was.status, was.operator_id, was.released_from)
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$$;

-- A price that holds since a past day. Serves both price lists.
create function private.tg_rates__panel() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.mark_panel_since(told.tenant_id, min(told.valid_from))
    from new_rows as told
    group by told.tenant_id;
    return null;
end;
$$;

create trigger _700_panel_update after update on public.message_logs
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_message_logs__panel();
create trigger _700_panel_update after update on public.agreements
referencing new table as new_rows for each statement
execute function private.tg_agreements__panel();
create trigger _700_panel_update after update on public.installments
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_installments__panel();
create trigger _700_panel_insert after insert on public.agreement_events
referencing new table as new_rows for each statement
execute function private.tg_agreement_events__panel();
create trigger _700_panel_insert after insert on public.payment_allocations
referencing new table as new_rows for each statement
execute function private.tg_payment_allocations__panel();
create trigger _700_panel_update after update on public.disposition_types
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_disposition_types__panel();
create trigger _700_panel_update after update on public.tenants
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_tenants__panel();
create trigger _700_panel_delete after delete on public.debts
referencing old table as old_rows for each statement
execute function private.tg_debts__panel();
create trigger _700_panel_update after update on public.callbacks
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_callbacks__panel();
create trigger _700_panel_insert after insert on public.cost_rates
referencing new table as new_rows for each statement
execute function private.tg_rates__panel();
