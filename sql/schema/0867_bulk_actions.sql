-- What is done to a whole selection in one statement, and told by one line of the audit. Whom it
-- changed is kept beside that line, a thousand to a row: a client's history asks for it, and a row
-- for each of a million people would cost as much as the change.
create table private.bulk_touches (
    tenant_id uuid not null,
    -- Of the audit; without a key, as the audit has none.
    audit_id bigint not null,
    -- Each row holds a range of ids, in their order.
    first_id uuid not null,
    last_id uuid not null,
    client_ids uuid[] not null,
    constraint bulk_touches_pkey primary key (tenant_id, audit_id, first_id),
    constraint bulk_touches_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.bulk_touches is 'Clients that a bulk action of a filter changed.';
alter table private.bulk_touches enable row level security;
alter table private.bulk_touches force row level security;

-- SQL that runs a change (which returns client_id) of the clients that a condition selects, and
-- keeps whom it changed; answers {selected, changed}. $1: the filter; $4: the line of audit, null
-- when the selection names its clients itself.
create function private.bulk_query(condition text, change text) returns text
language sql
immutable
set search_path = ''
as $$
    select 'with selected as materialized (
            select clients.id from public.clients where ' || condition || '
        ),
        changed as (' || change || '),
        kept as (
            insert into private.bulk_touches (tenant_id, audit_id, first_id, last_id, client_ids)
            select ($1).tenant_id, $4, (array_agg(placed.client_id order by placed.place))[1],
                (array_agg(placed.client_id order by placed.place desc))[1],
                array_agg(placed.client_id order by placed.place)
            from (
                select changed.client_id,
                    row_number() over (order by changed.client_id) - 1 as place
                from changed
                where $4::bigint is not null
            ) as placed
            group by placed.place / 1000
        )
        select jsonb_build_object(
            ''selected'', (select count(*) from selected), ''changed'', (select count(*) from changed)
        )'
$$;

create function private.bulk_assign(selection jsonb, user_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_scope uuid[];
    v_hidden bigint := 0;
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_condition text := private.client_condition(v_filter);
    v_audit_id bigint;
    v_outcome jsonb;
begin
    if user_id is not null then
        -- Held: whoever removes them waits, and then finds what was given here.
        perform from public.memberships
        where memberships.tenant_id = v_tenant_id
          and memberships.user_id = bulk_assign.user_id
          and memberships.revoked_at is null
        for share;
        if not found then
            raise exception 'member_not_found' using errcode = 'PT404',
                detail = 'nobody of this tenant has that id';
        end if;
        v_scope := private.creditor_scope_of(v_tenant_id, user_id);
    end if;
    -- Who has no title with a creditor that this colleague sees stays whose they are.
    if v_scope is not null then
        execute 'select count(*) from public.clients where ' || v_condition
            || ' and not clients.creditor_ids && $2'
        into v_hidden using v_filter, v_scope;
        v_condition := v_condition || ' and clients.creditor_ids && $5';
    end if;
    v_audit_id := private.begin_bulk(v_tenant_id, 'assign', selection);
    execute private.bulk_query(v_condition, case
        when user_id is null then '
            delete from public.client_assignments as given using selected
            where given.tenant_id = ($1).tenant_id and given.client_id = selected.id
            returning given.client_id'
        else '
            insert into public.client_assignments as given
                (tenant_id, client_id, user_id, assigned_by, assigned_at)
            select ($1).tenant_id, selected.id, $2, $3, ($1).now_at from selected
            order by selected.id
            on conflict (tenant_id, client_id) do update
            set user_id = excluded.user_id, assigned_by = excluded.assigned_by,
                assigned_at = excluded.assigned_at
            where given.user_id <> excluded.user_id
            returning given.client_id' end)
    into v_outcome using v_filter, user_id, auth.uid(),
        case when not selection ? 'ids' then v_audit_id end, v_scope;
    v_outcome := v_outcome || jsonb_build_object('hidden', v_hidden);
    perform private.end_bulk(v_audit_id, v_outcome || jsonb_build_object('assigned_to', user_id));
    return v_outcome;
end;
$$;

create function private.bulk_tag(selection jsonb, tag_id uuid, is_removal boolean) returns jsonb
language plpgsql
security definer
set search_path = ''
set jit = off
set enable_seqscan = off
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_filter private.client_filter := private.read_selection(v_tenant_id, selection);
    v_audit_id bigint;
    v_outcome jsonb;
begin
    if not exists (
        select from public.tags
        where tags.tenant_id = v_tenant_id and tags.id = bulk_tag.tag_id
    ) then
        raise exception 'tag_not_found' using errcode = 'PT404', detail = 'no such tag here';
    end if;
    v_audit_id := private.begin_bulk(
        v_tenant_id, case when is_removal then 'untag' else 'tag' end, selection
    );
    execute private.bulk_query(private.client_condition(v_filter), case
        when is_removal then '
            delete from public.client_tags as worn using selected
            where worn.tenant_id = ($1).tenant_id and worn.tag_id = $2
              and worn.client_id = selected.id
            returning worn.client_id'
        else '
            insert into public.client_tags as worn
                (tenant_id, tag_id, client_id, created_by, created_at)
            select ($1).tenant_id, $2, selected.id, $3, ($1).now_at from selected
            order by selected.id
            on conflict do nothing
            returning worn.client_id' end)
    into v_outcome using v_filter, tag_id, auth.uid(),
        case when not selection ? 'ids' then v_audit_id end;
    perform private.end_bulk(v_audit_id, v_outcome || jsonb_build_object('tag_id', tag_id));
    return v_outcome;
end;
$$;

-- A selection may be the whole portfolio: these two may take longer than an answer for a screen.
create function public.bulk_assign(selection jsonb, user_id uuid) returns jsonb
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.bulk_assign(selection, user_id) $$;
comment on function public.bulk_assign(jsonb, uuid) is
'Supervisor: gives the selected clients to a member (null: to nobody) → {selected, changed, hidden};
hidden: not among the selected, because the member does not see their creditors.';

create function public.bulk_tag(selection jsonb, tag_id uuid, remove boolean default false)
returns jsonb
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.bulk_tag(selection, tag_id, remove) $$;
comment on function public.bulk_tag(jsonb, uuid, boolean) is
'Supervisor: puts a tag on the selected clients or takes it off → {selected, changed}.';

grant execute on function
private.bulk_assign(jsonb, uuid), public.bulk_assign(jsonb, uuid),
private.bulk_tag(jsonb, uuid, boolean), public.bulk_tag(jsonb, uuid, boolean)
to authenticated;

-- Whom an action changed is part of a client's history for as long as somebody asks who did it: two
-- years, after which the line of audit with its selection is all that is told. A million clients
-- are 16 MB each time.
create function private.forget_bulk_touches() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_kept constant interval := '2 years';
begin
    delete from private.bulk_touches as touched
    using public.audit_log as told
    where told.id = touched.audit_id and told.tenant_id = touched.tenant_id
      and told.created_at < private.now() - c_kept;
end;
$$;
select cron.schedule('forget-bulk-touches', '23 5 * * *', 'select private.forget_bulk_touches()');
