-- A team's limit ends for somebody when the team ends, when they are taken out of it, or when they
-- join one without a limit. Nobody comes to see the whole portfolio by that alone: the admin says
-- of each of them what holds from now on.

-- Whom nothing but their teams limits.
create function private.limited_by_teams(tenant_id uuid) returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(array_agg(member.user_id order by member.user_id), '{}')
    from public.memberships as member
    where member.tenant_id = limited_by_teams.tenant_id and member.revoked_at is null
      and member.creditor_ids is null
      and private.creditor_scope_of(member.tenant_id, member.user_id) is not null
$$;

-- After the change. `limits`: {"<user_id>": [creditor ids] | null}; null says that this person may
-- see everything.
create function private.keep_limits(tenant_id uuid, limited uuid[], limits jsonb) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_person uuid;
    v_said jsonb;
    v_widened uuid[] := '{}';
begin
    foreach v_person in array limited loop
        -- A limit that another team still sets needs no word.
        continue when private.creditor_scope_of(tenant_id, v_person) is not null;
        v_said := limits -> v_person::text;
        if jsonb_typeof(v_said) = 'array' then
            update public.memberships as member
            set creditor_ids = private.require_creditors(
                keep_limits.tenant_id, private.ids_in(limits, v_person::text)
            )
            where member.tenant_id = keep_limits.tenant_id and member.user_id = v_person
              and member.revoked_at is null;
        elsif v_said is null then
            v_widened := v_widened || v_person;
        end if;
    end loop;
    if v_widened <> '{}' then
        raise exception 'team_limits_people' using errcode = 'PT409',
            detail = array_to_json(v_widened)::text;
    end if;
end;
$$;
