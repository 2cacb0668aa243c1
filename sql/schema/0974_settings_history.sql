-- The versions of a room's settings, newest first, and the way back to one of them.
create function private.settings_history(room text, before_id bigint, page_size int) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    c_max_page constant int := 100;
    v_tenant_id uuid := private.require_role('admin');
    v_size int := least(greatest(coalesce(page_size, 20), 1), c_max_page);
    v_items jsonb;
begin
    select coalesce(jsonb_agg(newest.item order by newest.id desc), '[]') into v_items
    from (
        select entry.id, jsonb_build_object(
            'id', entry.id, 'at', entry.created_at, 'table', entry.table_name,
            'action', entry.action,
            'actor', coalesce(
                private.actor_name(entry.tenant_id, entry.actor_id),
                case when entry.actor_id is not null then entry.actor end
            ),
            'title', private.setting_title(
                entry.tenant_id, private.setting_state(entry), kept.title
            ),
            'changes', told.changes,
            'is_current', private.is_current(entry, kept.series),
            'can_restore', kept.restore <> 'never' and not private.is_current(entry, kept.series)
                -- A change of nothing that may be brought back is told only.
                and (kept.only_columns is null or entry.action <> 'update' or exists (
                    select from jsonb_array_elements(told.changes) as change
                    where change.value ->> 'field' = any(kept.only_columns)
                ))
        ) as item
        from private.settings_tables as kept
        join public.audit_log as entry
            on entry.tenant_id = v_tenant_id and entry.table_name = kept.table_name
        cross join lateral (
            select private.field_changes(
                private.with_creditor_names(
                    private.told_part(private.setting_before(entry, kept.series)), v_tenant_id
                ),
                private.with_creditor_names(private.told_part(entry.after), v_tenant_id)
            ) as changes
        ) as told
        where kept.room = settings_history.room
          and entry.action in ('insert', 'update', 'delete')
          and entry.id < coalesce(settings_history.before_id, 9223372036854775807)
          and told.changes <> '[]'
        order by entry.id desc
        limit v_size + 1
    ) as newest;
    return jsonb_build_object(
        'items', v_items - v_size,
        'next', case when jsonb_array_length(v_items) > v_size
            then v_items -> (v_size - 1) -> 'id' end
    );
end;
$$;

-- What a restoration writes: {table, tenant_column, row_id, restore, state, columns_to_update,
-- columns_to_insert}. Nothing of it is a secret.
create function private.setting_version(version_id bigint) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_entry public.audit_log;
    v_kept private.settings_tables;
begin
    select * into v_entry from public.audit_log as entry
    where entry.id = version_id and entry.tenant_id = v_tenant_id;
    select * into v_kept from private.settings_tables as kept
    where kept.table_name = v_entry.table_name;
    if v_kept.table_name is null or v_entry.action not in ('insert', 'update', 'delete') then
        raise exception 'version_not_found' using errcode = 'PT404',
            detail = 'no version of a setting with this id in the tenant';
    elsif v_kept.restore = 'never' then
        raise exception 'version_not_restorable' using errcode = 'PT409', detail = v_kept.note;
    end if;
    return jsonb_build_object(
        'table', v_kept.table_name, 'row_id', v_entry.row_id, 'restore', v_kept.restore,
        'tenant_column', case v_kept.table_name when 'tenants' then 'id' else 'tenant_id' end,
        'tenant_id', v_tenant_id, 'state', private.setting_state(v_entry),
        'columns_to_update', private.columns_of_people(
            v_kept.table_name, 'update', v_kept.only_columns
        ),
        'columns_to_insert', private.columns_of_people(v_kept.table_name, 'insert', null)
    );
end;
$$;

create function private.columns_of_people(table_name text, privilege text, only_these text[])
returns text
language sql
stable
security definer
set search_path = ''
as $$
    select string_agg(quote_ident(part.attname), ', ' order by part.attnum)
    from pg_attribute as part
    where part.attrelid = ('public.' || quote_ident(columns_of_people.table_name))::regclass
      and part.attnum > 0 and not part.attisdropped
      and has_column_privilege('authenticated', part.attrelid, part.attnum, privilege)
      and part.attname <> all(case privilege when 'update' then array['tenant_id'] else '{}' end)
      and part.attname = any(coalesce(only_these, array[part.attname::text]))
$$;

-- As the caller: their policies, grants and the table's checks judge it as if it were typed again.
create function private.restore_row(version jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
    v_rows bigint;
begin
    execute format(
        'update public.%1$I as kept set (%2$s) = row(%3$s)
        from (select (jsonb_populate_record(null::public.%1$I, $1)).*) as wanted
        where kept.%4$I = $2 and private.audit_row_id(to_jsonb(kept)) = $3',
        version ->> 'table', version ->> 'columns_to_update',
        regexp_replace(version ->> 'columns_to_update', '(^|, )', '\1wanted.', 'g'),
        version ->> 'tenant_column'
    )
    using version -> 'state', (version ->> 'tenant_id')::uuid, version ->> 'row_id';
    get diagnostics v_rows = row_count;
    if v_rows = 0 then
        execute format(
            'insert into public.%1$I (%2$s)
            select %2$s from jsonb_populate_record(null::public.%1$I, $1)',
            version ->> 'table', version ->> 'columns_to_insert'
        )
        using version -> 'state';
    end if;
end;
$$;

create function private.restore_call(version jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
    v_state jsonb := version -> 'state';
    -- What the functions number, date and sign themselves.
    v_fields jsonb := v_state
        - array['id', 'tenant_id', 'version', 'created_at', 'created_by', 'valid_from'];
begin
    case version ->> 'table'
        when 'charge_policies' then perform private.save_charge_policy(v_fields);
        -- For agreements made from now on: what runs keeps the version it was made under.
        when 'agreement_policies' then perform private.save_agreement_policy(v_fields, 'new');
        when 'integrations' then perform private.save_integration(
            (v_state ->> 'provider')::public.provider_name, v_state -> 'settings', '{}'
        );
        when 'senders' then perform private.save_sender(jsonb_strip_nulls(jsonb_build_object(
            'provider', v_state -> 'provider', 'name', v_state -> 'name',
            'phone', v_state -> 'phone', 'account', v_state -> 'account',
            'throughput_per_second', v_state -> 'throughput_per_second',
            'is_default', v_state -> 'is_default'
        )));
        -- A price is corrected by the next one, from today on.
        when 'rate_cards' then insert into public.rate_cards (
            provider, category, currency, price_micros, is_free_in_window, valid_from
        )
        select priced.provider, priced.category, priced.currency, priced.price_micros,
            priced.is_free_in_window, private.today((version ->> 'tenant_id')::uuid)
        from jsonb_populate_record(null::public.rate_cards, v_state) as priced;
        when 'cost_rates' then insert into public.cost_rates (
            kind, currency, price_micros, valid_from
        )
        select priced.kind, priced.currency, priced.price_micros,
            private.today((version ->> 'tenant_id')::uuid)
        from jsonb_populate_record(null::public.cost_rates, v_state) as priced;
    end case;
end;
$$;

create function public.restore_setting(version_id bigint) returns void
language plpgsql
set search_path = ''
as $$
declare
    v_version jsonb := private.setting_version(version_id);
begin
    if v_version ->> 'restore' = 'row' then
        perform private.restore_row(v_version);
    else
        perform private.restore_call(v_version);
    end if;
exception
    -- Refusals of the saving functions pass as they are: their words have their own sentences.
    when integrity_constraint_violation or invalid_text_representation then
        raise exception 'version_no_longer_valid' using errcode = 'PT409', detail = sqlerrm;
end;
$$;
comment on function public.restore_setting(bigint) is
'Admin: the setting as that version left it (a deletion: as it was before), saved anew and judged as
any saving is. PT404 version_not_found; PT409 version_not_restorable, version_no_longer_valid, and
whatever saving refuses.';

create function public.settings_history(
    room text, before_id bigint default null, page_size int default 20
) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.settings_history(room, before_id, page_size) $$;
comment on function public.settings_history(text, bigint, int) is
'Admin: {items: [{id, at, actor | null, table, title | null, action, changes: [{field, from, to}],
is_current, can_restore}], next}; room: general, dispositions, creditors, charging, contact,
whatsapp, integrations, automation, people.';

grant execute on function
private.settings_history(text, bigint, int), public.settings_history(text, bigint, int),
private.setting_version(bigint), private.restore_row(jsonb), private.restore_call(jsonb),
public.restore_setting(bigint), private.audit_row_id(jsonb)
to authenticated;
