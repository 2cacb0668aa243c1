-- The catalogue stays whole, whatever an admin changes: every meaning that rules, panel and screens
-- ask for keeps at least one type that people can press, and what a switched-on rule waits for
-- cannot be taken away under it.
create function private.meanings_of(kind public.disposition_types) returns text[]
language sql
immutable
set search_path = ''
as $$
    select array_remove(array[
        case when (kind).human_answered then 'human_answered' else 'nobody_answered' end,
        case when (kind).right_party then 'right_party' end,
        case when (kind).is_callback then 'is_callback' end,
        case when (kind).unworkable then 'unworkable' end,
        case when (kind).opens_negotiation then 'opens_negotiation' end
    ], null)
$$;

create function private.require_no_rule(tenant_id uuid, keys text[]) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_rules text := (
        select string_agg(rule.name, ', ' order by rule.name)
        from public.collection_rules as rule
        where rule.tenant_id = require_no_rule.tenant_id and rule.is_enabled
          and rule.disposition_type = any(keys)
    );
begin
    if v_rules is not null then
        raise exception 'disposition_in_rule' using errcode = 'PT409', detail = v_rules;
    end if;
end;
$$;

create function private.require_meanings(tenant_id uuid, meanings text[]) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_lost text := (
        select lost from unnest(meanings) as lost
        where not exists (
            select from public.disposition_types as kind
            where kind.tenant_id = require_meanings.tenant_id and kind.is_active
              and lost = any(private.meanings_of(kind))
        )
        limit 1
    );
begin
    if v_lost is not null then
        raise exception 'disposition_meaning_lost' using errcode = 'PT409', detail = v_lost;
    end if;
end;
$$;

-- Only what somebody could press before can be lost; one message per statement tells every screen.
create function private.tg_disposition_types__keep_whole() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.require_no_rule(was.tenant_id, array_agg(was.key))
    from old_rows as was
    where was.is_active and not exists (
        select from public.disposition_types as kind
        where kind.tenant_id = was.tenant_id and kind.key = was.key and kind.is_active
    )
    group by was.tenant_id;
    perform private.require_meanings(was.tenant_id, array_agg(distinct meaning.name))
    from old_rows as was
    cross join lateral unnest(private.meanings_of(was)) as meaning (name)
    where was.is_active
    group by was.tenant_id;
    perform private.send_settings_change('disposition_types', was.tenant_id)
    from (select distinct old_rows.tenant_id from old_rows) as was;
    return null;
end;
$$;

create function private.tg_disposition_types__tell() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.send_settings_change('disposition_types', added.tenant_id)
    from (select distinct new_rows.tenant_id from new_rows) as added;
    return null;
end;
$$;

-- Names the settings that changed, and nothing of them: open screens fetch what they may see.
create function private.send_settings_change(table_name text, tenant_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    select realtime.send(
        jsonb_build_object('table', table_name), 'settings_changed', 'tenant:' || tenant_id, true
    )
$$;

create trigger _300_tell_insert after insert on public.disposition_types
referencing new table as new_rows for each statement
execute function private.tg_disposition_types__tell();
create trigger _300_keep_whole_update after update on public.disposition_types
referencing old table as old_rows for each statement
execute function private.tg_disposition_types__keep_whole();
create trigger _300_keep_whole_delete after delete on public.disposition_types
referencing old table as old_rows for each statement
execute function private.tg_disposition_types__keep_whole();
