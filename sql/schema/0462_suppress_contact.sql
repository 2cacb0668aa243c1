-- "Não me liguem mais": an operator writes it down while the debtor still speaks, an admin alone
-- takes it back. What follows of a suppression is each reader's own: the dialer's mailing (0950),
-- bulk (0866, 0914), rules (0980), chat (0919), click-to-call (0933).
create function private.suppression_card(held public.suppressions) returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select pg_catalog.jsonb_build_object(
        'id', (held).id, 'phone', (held).phone, 'channel', (held).channel, 'reason', (held).reason,
        'expires_at', (held).expires_at, 'created_at', (held).created_at,
        'author', (
            select member.display_name
            from public.memberships as member
            where member.tenant_id = (held).tenant_id and member.user_id = (held).created_by
            order by member.created_at desc limit 1
        )
    )
$$;

-- Number and reason as both sides need them.
create function private.require_suppression_means(
    phone text, channel text, until_on date, reason text, today date
) returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
    if phone !~ '^\+[1-9][0-9]{7,14}$' then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'phone';
    elsif channel not in ('whatsapp', 'call') then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'channel';
    -- 500 characters: a sentence or two.
    elsif coalesce(length(btrim(reason)), 0) not between 1 and 500 then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'reason';
    elsif until_on < today then
        raise exception 'suppression_in_past' using errcode = 'PT400', detail = until_on::text;
    end if;
end;
$$;

create function private.suppress_contact(
    client_id uuid, phone text, channel text, until_on date, reason text
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_zone text := (select tenants.time_zone from public.tenants where tenants.id = v_tenant_id);
    v_until timestamptz := (until_on + 1)::timestamp at time zone v_zone;
    v_row public.suppressions;
begin
    if client_id is not null then
        perform private.require_client(v_tenant_id, client_id);
    elsif phone is null then
        -- Also somebody out of the caller's sight.
        raise exception 'client_not_found' using errcode = 'PT404',
            detail = 'neither a client nor a number';
    end if;
    perform private.require_suppression_means(
        phone, channel, until_on, reason, private.today(v_tenant_id)
    );
    -- Twice pressed, or said again: what holds as long and as far is kept as it is.
    select * into v_row from public.suppressions as known
    where known.tenant_id = v_tenant_id
      and case when suppress_contact.phone is null
          then known.client_id = suppress_contact.client_id and known.phone is null
          else known.client_id is null
              and private.phone_match(known.phone) = private.phone_match(suppress_contact.phone)
      end
      and (known.channel is null or known.channel::text = suppress_contact.channel)
      and (known.expires_at is null or known.expires_at >= v_until)
    limit 1;
    if not found then
        insert into public.suppressions (tenant_id, client_id, phone, channel, reason, expires_at)
        values (
            v_tenant_id,
            -- Of a number: whoever has it, because who answers there said it.
            case when suppress_contact.phone is null then suppress_contact.client_id end,
            suppress_contact.phone, suppress_contact.channel::public.channel,
            btrim(suppress_contact.reason), v_until
        )
        returning * into v_row;
    end if;
    return private.suppression_card(v_row);
end;
$$;

create function private.lift_suppression(suppression_id uuid, reason text) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
    v_now timestamptz := private.now();
    v_row public.suppressions;
begin
    perform private.require_suppression_means(null, null, null, reason, null);
    update public.suppressions as held
    set expires_at = v_now, lifted_at = v_now, lifted_by = auth.uid(),
        lift_reason = btrim(lift_suppression.reason)
    where held.tenant_id = v_tenant_id and held.id = lift_suppression.suppression_id
      and (held.expires_at is null or held.expires_at > v_now)
    returning * into v_row;
    if not found then
        if exists (
            select from public.suppressions as ended
            where ended.tenant_id = v_tenant_id and ended.id = lift_suppression.suppression_id
        ) then
            raise exception 'suppression_ended' using errcode = 'PT409',
                detail = 'it has run out, or somebody lifted it';
        end if;
        raise exception 'suppression_not_found' using errcode = 'PT404',
            detail = 'no such suppression in the tenant';
    end if;
    -- Talks that ended with "sair" are talks again, where nothing else keeps us from them.
    update public.conversations as talk set opted_out_at = null
    where talk.tenant_id = v_tenant_id and talk.opted_out_at is not null
      and (talk.client_id = v_row.client_id
          or private.phone_match(talk.phone) = private.phone_match(v_row.phone))
      and not private.is_suppressed(v_tenant_id, talk.client_id, talk.phone, 'whatsapp', v_now);
    return private.suppression_card(v_row);
end;
$$;

-- What holds now: of the person, of the person's numbers, and of a number named beside.
create function private.suppressions_of(client_id uuid, phone text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    if client_id is not null then
        perform private.require_client(v_tenant_id, client_id);
    end if;
    return (
        select coalesce(jsonb_agg(
            private.suppression_card(held) order by held.created_at desc, held.id
        ), '[]')
        from public.suppressions as held
        where held.tenant_id = v_tenant_id
          and (held.expires_at is null or held.expires_at > private.now())
          and (
              held.client_id = suppressions_of.client_id
              or held.client_id is null and private.phone_match(held.phone) in (
                  select private.phone_match(suppressions_of.phone)
                  union all
                  select private.phone_match(known.phone)
                  from public.client_phones as known
                  where known.tenant_id = v_tenant_id
                    and known.client_id = suppressions_of.client_id
              )
          )
    );
end;
$$;

create function public.suppress_contact(
    client_id uuid default null, phone text default null, channel text default null,
    until_on date default null, reason text default ''
) returns jsonb
language sql
set search_path = ''
as $$
    select private.suppress_contact(
        private.seen('clients', client_id), phone, channel, until_on, reason
    )
$$;
comment on function public.suppress_contact(uuid, text, text, date, text) is
'Operator → {id, phone, channel, reason, expires_at, created_at, author}. With a phone: that number,
whoever has it; channel null: all; until_on: that day included, null: for good. 400 field_invalid,
suppression_in_past, 404 client_not_found.';

create function public.lift_suppression(suppression_id uuid, reason text) returns jsonb
language sql
set search_path = ''
as $$ select private.lift_suppression(suppression_id, reason) $$;
comment on function public.lift_suppression(uuid, text) is
'Admin. 400 field_invalid, 404 suppression_not_found, 409 suppression_ended.';

create function public.suppressions_of(client_id uuid default null, phone text default null)
returns jsonb
language sql
stable
set search_path = ''
as $$ select private.suppressions_of(private.seen('clients', client_id), phone) $$;
comment on function public.suppressions_of(uuid, text) is
'[{id, phone (null: the person), channel (null: all), reason, expires_at, created_at, author}] that
hold now. 404 client_not_found.';

grant execute on function
private.suppress_contact(uuid, text, text, date, text),
public.suppress_contact(uuid, text, text, date, text),
private.lift_suppression(uuid, text), public.lift_suppression(uuid, text),
private.suppressions_of(uuid, text), public.suppressions_of(uuid, text)
to authenticated;

-- Screens of whoever it binds, whether by person or by number.
create function private.tg_suppressions__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.send_change(
        'suppression_changed', tg_table_name, bound.tenant_id, min(bound.id::text),
        array_agg(distinct bound.client_id)
    )
    from (
        select new_rows.tenant_id, new_rows.id, new_rows.client_id from new_rows
        where new_rows.client_id is not null
        union all
        select new_rows.tenant_id, new_rows.id, owner.client_id
        from new_rows
        cross join private.clients_of_phone(new_rows.tenant_id, new_rows.phone)
            as owner (client_id)
        where new_rows.client_id is null
    ) as bound
    group by bound.tenant_id;
    return null;
end;
$$;
create trigger _500_broadcast_insert after insert on public.suppressions
referencing new table as new_rows for each statement
execute function private.tg_suppressions__broadcast();
create trigger _500_broadcast_update after update on public.suppressions
referencing new table as new_rows for each statement
execute function private.tg_suppressions__broadcast();

-- For the timeline: each with its beginning and, if somebody lifted it, its end. What a talk's
-- own opt-out says already (0921) is not said twice.
create function private.suppression_timeline(
    tenant_id uuid, client_id uuid, before_at timestamptz, before_id uuid, page_size int
) returns table (at timestamptz, id uuid, item jsonb)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return query
    with bound as materialized (
        select held.* from public.suppressions as held
        where held.tenant_id = $1 and held.client_id = $2
        union all
        select held.* from public.suppressions as held
        where held.tenant_id = $1 and held.client_id is null
          and private.phone_match(held.phone) in (
              select private.phone_match(known.phone) from public.client_phones as known
              where known.tenant_id = $1 and known.client_id = $2
          )
    ),
    told as (
        select held.created_at as at, held.id, held.created_by as actor_id,
            jsonb_build_object('kind', 'suppression', 'reason', held.reason) as item, held as card
        from bound as held
        where held.created_by is not null or not exists (
            select from public.conversation_events as event
            where event.tenant_id = $1 and event.client_id = $2 and event.kind = 'opted_out'
              and event.created_at between held.created_at - interval '5 seconds'
                  and held.created_at + interval '5 seconds'
        )
        union all
        select held.lifted_at, held.id, held.lifted_by,
            jsonb_build_object('kind', 'suppression_lifted', 'reason', held.lift_reason), held
        from bound as held
        where held.lifted_at is not null
    )
    select told.at, told.id, told.item || jsonb_build_object(
        'phone', (told.card).phone, 'channel', (told.card).channel,
        -- A lifted one's end was its lifting, not its plan.
        'until', case when (told.card).lifted_at is null then (told.card).expires_at end,
        'actor', private.actor_name($1, told.actor_id)
    )
    from told
    where (told.at, told.id) < ($3, $4)
    order by told.at desc, told.id desc
    limit $5;
end;
$$;
