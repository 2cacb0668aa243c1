-- Who answers a talk: whoever negotiates; until somebody does, whoever wrote first. A supervisor
-- may give it to another.
-- Whether somebody may be counted on: an owner who left the agency is none.
create function private.works_here(tenant_id uuid, user_id uuid) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.memberships as member
        where member.tenant_id = works_here.tenant_id and member.user_id = works_here.user_id
          and member.revoked_at is null
    )
$$;

-- Who has the newest living agreement with the client, or waits for its approval.
create function private.negotiator_of(tenant_id uuid, client_id uuid) returns uuid
language sql
stable
security definer
set search_path = ''
as $$
    select agreement.created_by
    from public.agreements as agreement
    where agreement.tenant_id = negotiator_of.tenant_id
      and agreement.client_id = negotiator_of.client_id
      and private.is_under_way(agreement.status)
      and private.works_here(agreement.tenant_id, agreement.created_by)
    order by agreement.created_at desc limit 1
$$;

-- Nobody's talks become somebody's, a colleague's only by negotiation; their history says so.
create function private.own_talks(
    talk_ids uuid[], owner_ids uuid[], takes_over boolean default false
) returns void
language sql
security definer
set search_path = ''
as $$
    with known as materialized (
        select talk.id, given.owner_id, case
                when private.works_here(talk.tenant_id, talk.owner_id) then talk.owner_id
            end as before_id
        from unnest(own_talks.talk_ids, own_talks.owner_ids) as given (talk_id, owner_id)
        join public.conversations as talk on talk.id = given.talk_id
        where given.owner_id is not null and talk.owner_id is distinct from given.owner_id
        order by talk.id
        for no key update of talk
    ),
    taken as (
        update public.conversations as talk set owner_id = known.owner_id
        from known
        where talk.id = known.id and (known.before_id is null or own_talks.takes_over)
        returning talk.tenant_id, talk.id, talk.client_id, known.owner_id, known.before_id
    )
    insert into public.conversation_events
        (tenant_id, conversation_id, client_id, kind, actor_id, from_user_id, to_user_id)
    select taken.tenant_id, taken.id, taken.client_id,
        (case when taken.before_id is null then 'assigned' else 'taken_over' end)
            ::public.conversation_event_kind,
        taken.owner_id, taken.before_id, taken.owner_id
    from taken
$$;

-- A person who writes first to somebody opens the talk, and owns it; who answers an unowned one,
-- too. Who sends ten thousand at once does not.
create function private.tg_message_logs__own() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.conversations as talk
    set last_outbound_at = private.now(), last_message_at = private.now()
    where talk.id in (
        select new_rows.conversation_id from new_rows where new_rows.direction = 'out'
    );
    perform private.own_talks(array_agg(spoken.conversation_id), array_agg(spoken.created_by))
    from (
        select distinct on (new_rows.conversation_id)
            new_rows.conversation_id, new_rows.created_by
        from new_rows
        where new_rows.direction = 'out' and new_rows.batch_id is null
          and new_rows.conversation_id is not null and new_rows.created_by is not null
    ) as spoken
    having count(*) > 0;
    return null;
end;
$$;

create trigger _400_own after insert on public.message_logs
referencing new table as new_rows for each statement
execute function private.tg_message_logs__own();

-- Who negotiates owns the talk, also one that a colleague answered until now.
create function private.tg_agreements__own_talks() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.own_talks(array_agg(last.talk_id), array_agg(last.created_by), true)
    from (
        select distinct on (talk.id) talk.id as talk_id, made.created_by
        from new_rows as made
        join public.conversations as talk
            on talk.tenant_id = made.tenant_id and talk.client_id = made.client_id
        where private.works_here(made.tenant_id, made.created_by)
        order by talk.id, made.created_at desc
    ) as last
    having count(*) > 0;
    return null;
end;
$$;

create trigger _400_own_talks after insert on public.agreements
referencing new table as new_rows for each statement
execute function private.tg_agreements__own_talks();

create function private.take_conversation(conversation_id uuid, user_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations :=
        private.require_conversation(v_tenant_id, take_conversation.conversation_id);
begin
    -- What is free or one's own, anybody may take or let go; all else is a supervisor's.
    if user_id is distinct from auth.uid()
        and (user_id is not null or v_talk.owner_id <> auth.uid())
        or user_id = auth.uid() and v_talk.owner_id <> auth.uid()
        and private.works_here(v_tenant_id, v_talk.owner_id)
    then
        perform private.require_role('supervisor');
    end if;
    if user_id is not null and not private.works_here(v_tenant_id, user_id) then
        raise exception 'member_not_found' using errcode = 'PT404',
            detail = 'nobody of this tenant has that id';
    end if;
    if v_talk.owner_id is not distinct from user_id then
        return;
    end if;
    update public.conversations as talk set owner_id = take_conversation.user_id
    where talk.id = v_talk.id;
    insert into public.conversation_events (
        tenant_id, conversation_id, client_id, kind, actor_id, from_user_id, to_user_id
    )
    values (
        v_tenant_id, v_talk.id, v_talk.client_id,
        (case when user_id is null then 'released' when v_talk.owner_id is null then 'assigned'
            else 'taken_over' end)::public.conversation_event_kind,
        auth.uid(), v_talk.owner_id, take_conversation.user_id
    );
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select v_tenant_id, take_conversation.user_id, 'conversation_given',
        jsonb_build_object('conversation_id', v_talk.id, 'client_id', v_talk.client_id)
    where user_id <> auth.uid();
end;
$$;

create function public.take_conversation(conversation_id uuid, user_id uuid default auth.uid())
returns void
language sql
set search_path = ''
as $$ select private.take_conversation(private.seen('conversations', conversation_id), user_id) $$;
comment on function public.take_conversation(uuid, uuid) is
'Becomes the owner of what is free (supervisor: of any, for anybody); null lets go; logged.';
grant execute on function
private.take_conversation(uuid, uuid), public.take_conversation(uuid, uuid)
to authenticated;
