-- What an admin does with the catalogue: saves a type, puts them in order, takes one away.

-- A key nobody has, from the words of the label.
create function private.free_disposition_key(tenant_id uuid, label text) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select wanted.key
    from (
        select coalesce(nullif(left(regexp_replace(regexp_replace(
            private.search_key(label), '^[^a-z]+', ''
        ), '[^a-z0-9]+', '_', 'g'), 30), ''), 'resultado') as stem
    ) as word
    cross join lateral (
        select word.stem || case when step = 1 then '' else '_' || step end as key, step
        from generate_series(1, 1000) as step
    ) as wanted
    where not exists (
        select from public.disposition_types as kind
        where kind.tenant_id = free_disposition_key.tenant_id and kind.key = wanted.key
    )
    order by wanted.step
    limit 1
$$;

create function private.save_disposition_type(key text, fields jsonb) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_kind public.disposition_types;
begin
    perform private.require_known_keys(fields, array[
        'label', 'hotkey', 'color', 'human_answered', 'right_party', 'is_callback', 'unworkable',
        'opens_negotiation', 'is_active'
    ]);
    select * into v_kind from public.disposition_types as kind
    where kind.tenant_id = v_tenant_id and kind.key = save_disposition_type.key;
    if save_disposition_type.key is null then
        v_kind := jsonb_populate_record(null::public.disposition_types, jsonb_build_object(
            'tenant_id', v_tenant_id,
            'key', private.free_disposition_key(v_tenant_id, fields ->> 'label'),
            'position', (
                select coalesce(max(kind.position), 0) + 1 from public.disposition_types as kind
                where kind.tenant_id = v_tenant_id
            ),
            'color', 'gray', 'human_answered', false, 'right_party', false, 'is_callback', false,
            'unworkable', false, 'opens_negotiation', false, 'is_active', true
        ));
    elsif v_kind.key is null then
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = 'no disposition type with this key in the tenant';
    end if;
    v_kind := jsonb_populate_record(v_kind, fields);
    v_kind.label := btrim(v_kind.label);
    insert into public.disposition_types values (v_kind.*)
    on conflict on constraint disposition_types_pkey do update
    set label = excluded.label, hotkey = excluded.hotkey, color = excluded.color,
        human_answered = excluded.human_answered, right_party = excluded.right_party,
        is_callback = excluded.is_callback, unworkable = excluded.unworkable,
        opens_negotiation = excluded.opens_negotiation, is_active = excluded.is_active;
    return v_kind.key;
exception
    when unique_violation then
        raise exception 'hotkey_taken' using errcode = 'PT409', detail = sqlerrm;
    when check_violation or not_null_violation or invalid_text_representation
        or numeric_value_out_of_range
    then
        raise exception 'disposition_type_invalid' using errcode = 'PT400', detail = sqlerrm;
end;
$$;

create function private.order_disposition_types(keys text[]) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    update public.disposition_types as kind set position = wanted.place
    from unnest(keys) with ordinality as wanted (key, place)
    where kind.tenant_id = v_tenant_id and kind.key = wanted.key
      and kind.position <> wanted.place;
end;
$$;

create function private.delete_disposition_type(key text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    -- Asked before: a rule's own reference to it would only say that something points here.
    perform private.require_no_rule(v_tenant_id, array[key]);
    delete from public.disposition_types as kind
    where kind.tenant_id = v_tenant_id and kind.key = delete_disposition_type.key;
    if not found then
        raise exception 'disposition_type_unknown' using errcode = 'PT400',
            detail = 'no disposition type with this key in the tenant';
    end if;
exception
    when foreign_key_violation then
        raise exception 'disposition_used' using errcode = 'PT409', detail = sqlerrm;
end;
$$;

create function public.save_disposition_type(key text, fields jsonb) returns text
language sql
set search_path = ''
as $$ select private.save_disposition_type(key, fields) $$;
comment on function public.save_disposition_type(text, jsonb) is
'Admin; key null for a new one → key. fields: {label, hotkey, color, human_answered, right_party,
is_callback, unworkable, opens_negotiation, is_active}, left out = as it was. PT400
disposition_type_unknown, field_unknown, disposition_type_invalid; PT409 hotkey_taken,
disposition_in_rule (detail: the rules), disposition_meaning_lost (detail: the meaning).';

create function public.order_disposition_types(keys text[]) returns void
language sql
set search_path = ''
as $$ select private.order_disposition_types(keys) $$;
comment on function public.order_disposition_types(text[]) is
'Admin: the order of the operator''s buttons, first to last.';

create function public.delete_disposition_type(key text) returns void
language sql
set search_path = ''
as $$ select private.delete_disposition_type(key) $$;
comment on function public.delete_disposition_type(text) is
'Admin: one that nothing points to. PT400 disposition_type_unknown; PT409
disposition_in_rule, disposition_used, disposition_meaning_lost.';

grant execute on function
private.save_disposition_type(text, jsonb), public.save_disposition_type(text, jsonb),
private.order_disposition_types(text[]), public.order_disposition_types(text[]),
private.delete_disposition_type(text), public.delete_disposition_type(text)
to authenticated;
