-- A new version of a charge policy. It may not reach back: what was said and paid until yesterday
-- was right then. Only the first version of a creditor may begin in the past.

-- Refuses keys a document may not have; a typing error must not become a silent default.
create function private.require_known_keys(document jsonb, known text[]) returns void
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_unknown text;
begin
    if jsonb_typeof(document) is distinct from 'object' then
        raise exception 'object_needed' using errcode = 'PT400', detail = 'an object is needed';
    end if;
    select given.key into v_unknown
    from jsonb_object_keys(document) as given (key)
    where given.key <> all(known)
    limit 1;
    if found then
        raise exception 'field_unknown' using errcode = 'PT400', detail = v_unknown;
    end if;
end;
$$;

create function private.save_charge_policy(policy jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_today date := private.today(v_tenant_id);
    v_last public.charge_policies;
    v_last_version int;
    v_new public.charge_policies;
begin
    perform private.require_known_keys(policy, array[
        'creditor_id', 'valid_from', 'is_consumer', 'fine_percent', 'is_fine_on_corrected',
        'interest_percent', 'interest_rule', 'counts_from_nominal', 'index_name',
        'collection_fee_percent', 'grace_days', 'due_rule', 'holiday_uf', 'allocation_order'
    ]);
    -- One version after the other, however many tabs save.
    perform pg_advisory_xact_lock(hashtextextended('charge_policies:' || v_tenant_id, 0));
    begin
        select * into v_last
        from public.charge_policies as known
        where known.tenant_id = v_tenant_id
          and known.creditor_id is not distinct from (policy ->> 'creditor_id')::uuid
        order by known.version desc
        limit 1;
        v_last_version := coalesce(v_last.version, 0);
        if v_last_version = 0 then
            v_last := private.charge_policy(v_tenant_id, null, null);
        end if;
        -- What is left out stays as it was.
        v_new := jsonb_populate_record(v_last, policy);
    exception when invalid_text_representation or datetime_field_overflow
        or invalid_datetime_format or numeric_value_out_of_range
    then
        raise exception 'policy_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    if policy ->> 'valid_from' is null then
        v_new.valid_from := v_today;
    end if;
    if v_new.valid_from < v_today and v_last_version > 0 then
        raise exception 'policy_in_past' using errcode = 'PT409',
            detail = 'a further version begins today or later';
    end if;
    v_new.id := gen_random_uuid();
    v_new.tenant_id := v_tenant_id;
    v_new.version := v_last_version + 1;
    v_new.is_consumer := coalesce(v_new.is_consumer, true);
    v_new.created_by := auth.uid();
    v_new.created_at := private.now();
    begin
        insert into public.charge_policies values (v_new.*);
    exception when integrity_constraint_violation then
        raise exception 'policy_invalid' using errcode = 'PT400', detail = sqlerrm;
    end;
    return jsonb_build_object(
        'policy_id', v_new.id, 'version', v_new.version, 'valid_from', v_new.valid_from
    );
end;
$$;

create function public.save_charge_policy(policy jsonb) returns jsonb
language sql
set search_path = ''
as $$ select private.save_charge_policy(policy) $$;
comment on function public.save_charge_policy(jsonb) is
'Admin. {policy_id, version, valid_from}; fields left out stay as in the version before.
PT400 field_unknown, policy_invalid; PT409 policy_in_past.';

grant execute on function
private.save_charge_policy(jsonb), public.save_charge_policy(jsonb)
to authenticated;
