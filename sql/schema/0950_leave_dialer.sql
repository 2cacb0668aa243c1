-- Whoever owes nothing any more, said no, or is not at that number is taken out of the mailing: the
-- rows are marked in the transaction that learned it, the provider is told right after.
create function private.leave_dialer(
    tenant_id uuid, client_ids uuid[], phone text, reason text, export_id uuid default null
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_exports uuid[];
begin
    with gone as (
        update public.dialer_export_rows as contact
        set status = case
                -- Being sent at this moment: it is taken out when it is in.
                when contact.status = 'waiting' and not exists (
                    select from private.dialer_tasks as task
                    where task.export_id = contact.export_id and task.is_doubtful
                      and task.kind in ('part', 'file')
                      and task.status in ('queued', 'sending')
                ) then 'excluded'
                else 'removing'
            end::public.dialer_row_status,
            reason = leave_dialer.reason
        where contact.tenant_id = leave_dialer.tenant_id
          and contact.client_id = any(leave_dialer.client_ids)
          and contact.status in ('waiting', 'loaded')
          and (leave_dialer.export_id is null or contact.export_id = leave_dialer.export_id)
          and (leave_dialer.phone is null
              or private.phone_match(contact.phone) = private.phone_match(leave_dialer.phone))
        returning contact.export_id, contact.status
    )
    select array_agg(distinct gone.export_id) filter (where gone.status = 'removing')
    into v_exports from gone;
    if v_exports is not null then
        perform private.wish_dialer_removals(v_exports);
    end if;
end;
$$;

create function private.wish_dialer_removals(export_ids uuid[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_export record;
begin
    for v_export in
        select export.id, export.integration_id
        from public.dialer_exports as export
        where export.id = any(export_ids)
          and exists (
              select from public.dialer_export_rows as contact
              where contact.export_id = export.id and contact.status = 'removing'
          )
          -- One that has not begun takes these along.
          and not exists (
              select from private.dialer_tasks as task
              where task.export_id = export.id and task.kind = 'remove'
                and task.status = 'queued' and not task.is_doubtful
          )
    loop
        perform private.wish_dialer_task(
            v_export.integration_id, 'remove', 'remove:' || gen_random_uuid(), v_export.id
        );
        perform private.wake_function('3cplus-export');
    end loop;
end;
$$;

create function private.tg_clients__leave_dialer() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- Grouped, not joined, as in 0558.
    perform private.leave_dialer(
        gone.tenant_id, array_agg(gone.id), null,
        case gone.debt_status when 'in_agreement' then 'agreement_running'
            when 'on_hold' then 'on_hold' when 'prescribed' then 'prescribed' else 'nothing_owed' end
    )
    from (
        select moved.tenant_id, moved.id, max(moved.debt_status) as debt_status
        from (
            select new_rows.tenant_id, new_rows.id, new_rows.debt_status
            from new_rows where new_rows.open_debts = 0
            union all
            select old_rows.tenant_id, old_rows.id, null
            from old_rows where old_rows.open_debts > 0
        ) as moved
        group by moved.tenant_id, moved.id
        having count(*) = 2
    ) as gone
    group by gone.tenant_id, gone.debt_status;
    perform private.leave_scoped_exports(fewer.tenant_id, array_agg(fewer.id))
    from (
        select moved.tenant_id, moved.id
        from (
            select new_rows.tenant_id, new_rows.id, new_rows.open_debts as became, null::int as was
            from new_rows where new_rows.open_debts > 0
            union all
            select old_rows.tenant_id, old_rows.id, null, old_rows.open_debts from old_rows
        ) as moved
        group by moved.tenant_id, moved.id
        having max(moved.was) > max(moved.became)
    ) as fewer
    -- Few agencies limit anybody.
    where exists (
        select from public.dialer_exports as export
        where export.tenant_id = fewer.tenant_id and export.creditor_scope is not null
          and export.status <> 'cancelled' and export.hours_state not in ('expired', 'gone')
    )
    group by fewer.tenant_id;
    return null;
end;
$$;
create trigger _410_leave_dialer after update on public.clients
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_clients__leave_dialer();

-- An agreement over some of the titles leaves others open, and one that is paid ends with none:
-- neither moves the count of open titles that the trigger above reads.
create function private.tg_agreements__leave_dialer() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.leave_dialer(
        gone.tenant_id, array_agg(gone.client_id), null, gone.reason
    )
    from (
        select became.tenant_id, became.client_id, case
                when private.is_kept(became.status) then 'agreement_running'
                when became.status = 'settled' and client.open_debts = 0 and not exists (
                    select from public.agreements as other
                    where other.tenant_id = became.tenant_id
                      and other.client_id = became.client_id
                      and private.is_living(other.status)
                ) then 'nothing_owed'
            end as reason
        from new_rows as became
        join public.clients as client
            on client.tenant_id = became.tenant_id and client.id = became.client_id
    ) as gone
    where gone.reason is not null
    group by gone.tenant_id, gone.reason;
    return null;
end;
$$;
create trigger _410_leave_dialer_insert after insert on public.agreements
referencing new table as new_rows for each statement
execute function private.tg_agreements__leave_dialer();
create trigger _410_leave_dialer_update after update on public.agreements
referencing new table as new_rows for each statement
execute function private.tg_agreements__leave_dialer();

create function private.tg_suppressions__leave_dialer() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.leave_dialer(
        said.tenant_id,
        case when said.client_id is not null then array[said.client_id]
            else array(select private.clients_of_phone(said.tenant_id, said.phone)) end,
        said.phone, 'opted_out'
    )
    from new_rows as said
    where said.channel is distinct from 'whatsapp';
    return null;
end;
$$;
create trigger _410_leave_dialer after insert on public.suppressions
referencing new table as new_rows for each statement
execute function private.tg_suppressions__leave_dialer();

-- Called by the trigger of 0952, which first learns which number it was.
create function private.leave_wrong_numbers(tenant_id uuid, client_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    select private.leave_dialer(
        leave_wrong_numbers.tenant_id, array[leave_wrong_numbers.client_id], known.phone,
        'wrong_contact'
    )
    from public.client_phones as known
    where known.tenant_id = leave_wrong_numbers.tenant_id
      and known.client_id = leave_wrong_numbers.client_id
      and private.is_wrong_number(known.tenant_id, known.client_id, known.phone)
$$;
