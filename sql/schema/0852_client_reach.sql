-- Keeps on `clients` what the phones say: is there one, has one WhatsApp. Once per statement, only
-- for clients whose answer changes; an import gives new clients their answer with the row (0451).
create function private.refresh_client_reach(tenant_id uuid, client_ids uuid[]) returns void
language sql
security definer
set search_path = ''
as $$
    with reach as (
        select touched.client_id, count(phones.id) > 0 as has_phone,
            case
                when bool_or(phones.has_whatsapp) then true
                -- A number nobody tried leaves the question open.
                when count(phones.id) filter (where phones.has_whatsapp is null) = 0 then false
            end as has_whatsapp
        from unnest(refresh_client_reach.client_ids) as touched (client_id)
        left join public.client_phones as phones
            on phones.tenant_id = refresh_client_reach.tenant_id
            and phones.client_id = touched.client_id
        group by touched.client_id
    )
    update public.clients
    set has_phone = reach.has_phone, has_whatsapp = reach.has_whatsapp
    from reach
    where clients.tenant_id = refresh_client_reach.tenant_id
      and clients.id = reach.client_id
      and (clients.has_phone, clients.has_whatsapp)
          is distinct from (reach.has_phone, reach.has_whatsapp)
$$;

create function private.tg_client_phones__reach() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        -- A number more can only open what was closed: most new numbers change nothing, and a
        -- million of them are compared in one join.
        if not private.is_derived_already() then
            perform private.refresh_client_reach(touched.tenant_id, array_agg(touched.client_id))
            from (
                select added.tenant_id, added.client_id
                from (
                    select new_rows.tenant_id, new_rows.client_id,
                        bool_or(new_rows.has_whatsapp) as is_proved,
                        bool_or(new_rows.has_whatsapp is null) as is_open
                    from new_rows
                    group by new_rows.tenant_id, new_rows.client_id
                ) as added
                join public.clients
                    on clients.tenant_id = added.tenant_id and clients.id = added.client_id
                where not clients.has_phone
                   or added.is_proved and clients.has_whatsapp is not true
                   or added.is_open and clients.has_whatsapp is false
            ) as touched
            group by touched.tenant_id;
        end if;
        -- To work out what a number is compared by takes longer than to compare it: not where
        -- nobody has opted out.
        if not exists (
            select from public.suppressions
            where suppressions.phone is not null
              and suppressions.tenant_id in (select distinct new_rows.tenant_id from new_rows)
        ) then
            return null;
        end if;
        perform private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
        from (
            select distinct new_rows.tenant_id, new_rows.client_id
            from new_rows
            join public.suppressions
                on suppressions.tenant_id = new_rows.tenant_id
                and private.phone_match(suppressions.phone)
                    = private.phone_match(new_rows.phone)
        ) as touched
        group by touched.tenant_id;
        return null;
    end if;
    -- Changed and removed numbers are few: a person or a provider's answer.
    perform private.refresh_client_reach(touched.tenant_id, array_agg(touched.client_id)),
        private.refresh_contact_blocks(touched.tenant_id, array_agg(touched.client_id))
    from (
        select distinct old_rows.tenant_id, old_rows.client_id
        from old_rows
        join public.clients
            on clients.tenant_id = old_rows.tenant_id and clients.id = old_rows.client_id
    ) as touched
    group by touched.tenant_id;
    return null;
end;
$$;

create trigger _300_reach_insert after insert on public.client_phones
referencing new table as new_rows for each statement
execute function private.tg_client_phones__reach();
-- No grant lets a number change its client, so the old rows name everybody who is touched.
create trigger _300_reach_update after update on public.client_phones
referencing old table as old_rows for each statement
execute function private.tg_client_phones__reach();
create trigger _300_reach_delete after delete on public.client_phones
referencing old table as old_rows for each statement
execute function private.tg_client_phones__reach();
