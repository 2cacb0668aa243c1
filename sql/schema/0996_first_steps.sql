-- How a new agency begins: what an admin does first, each step known by the facts it leaves behind,
-- never ticked by hand. Here is only what leaves none of its own: that the panel was read, and that
-- nobody wants to see the list any more.
create table private.first_steps (
    tenant_id uuid not null,
    panel_read_at timestamptz,
    hidden_at timestamptz,
    constraint first_steps_pkey primary key (tenant_id),
    constraint first_steps_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
comment on table private.first_steps is 'Of agencies that began: panel read, list put away.';

alter table private.first_steps enable row level security;
alter table private.first_steps force row level security;

-- Null for everybody but admins, and where nothing is left to show.
create function private.first_steps() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A first hour's work: enough that the panel has something to say.
    c_clients constant int := 10;
    -- Who has so many has worked ten clients; all of them would be the whole past.
    c_looked_at constant int := 1000;
    v_tenant_id uuid := private.require_role('operator');
    v_known private.first_steps;
    v_steps jsonb;
begin
    select * into v_known from private.first_steps as known where known.tenant_id = v_tenant_id;
    if not private.has_role('admin') or v_known.hidden_at is not null then
        return null;
    end if;
    select jsonb_agg(jsonb_build_object(
        'key', step.key, 'is_done', step.have >= step.want,
        'have', least(step.have, step.want), 'want', step.want
    ) order by step.place) into v_steps
    from (
        values
        -- The dialer, WhatsApp by either provider, and payments.
        (1, 'providers', (
            select count(distinct case when private.sends_whatsapp(linked.provider::text)
                then 'whatsapp' else linked.provider::text end)
            from public.integrations as linked
            where linked.tenant_id = v_tenant_id and linked.is_active
              and linked.test_verdict = 'works'
        ), 3),
        -- What a first rule sends; only the provider's own list brings one.
        (2, 'templates', (
            select count(*) from public.message_templates as template
            where template.tenant_id = v_tenant_id
              and private.template_obstacle(template) is null
        ), 1),
        (3, 'people', (
            select count(*) from public.memberships as member
            where member.tenant_id = v_tenant_id and member.user_id <> auth.uid()
        ) + (
            select count(*) from public.invitations as sent
            where sent.tenant_id = v_tenant_id and sent.invited_by is not null
        ), 1),
        (4, 'portfolio', (
            select count(*) from public.imports as import
            where import.tenant_id = v_tenant_id and import.status = 'done'
              and import.accepted > 0
        ), 1),
        -- Switched on asks for a dry run that is newer than the last edit.
        (5, 'rule', (
            select count(*) from public.collection_rules as rule
            where rule.tenant_id = v_tenant_id and rule.is_enabled
        ), 2),
        (6, 'disposition', (
            select count(distinct worked.client_id) from (
                select done.client_id from public.call_dispositions as done
                where done.tenant_id = v_tenant_id limit c_looked_at
            ) as worked
        ), c_clients),
        (7, 'panel', case when v_known.panel_read_at is not null then 1 else 0 end, 1)
    ) as step (place, key, have, want);
    return jsonb_build_object('steps', v_steps, 'left', (
        select count(*) from jsonb_array_elements(v_steps) as step
        where not (step -> 'is_done')::boolean
    ));
end;
$$;

create function private.note_first_step(field text) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('admin');
begin
    insert into private.first_steps as known (tenant_id, panel_read_at, hidden_at)
    values (
        v_tenant_id, case field when 'panel' then private.now() end,
        case field when 'hidden' then private.now() end
    )
    on conflict on constraint first_steps_pkey do update
    set panel_read_at = coalesce(known.panel_read_at, excluded.panel_read_at),
        hidden_at = coalesce(known.hidden_at, excluded.hidden_at);
end;
$$;

create function public.first_steps() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.first_steps() $$;
comment on function public.first_steps() is
'Admin: {steps: [{key: providers | templates | people | portfolio | rule | disposition | panel,
is_done, have, want}], left}; null for others and once put away.';

-- The panel tells that it was opened by an admin; nobody ticks it off.
create function public.note_panel_read() returns void
language sql
set search_path = ''
as $$ select private.note_first_step('panel') $$;

create function public.hide_first_steps() returns void
language sql
set search_path = ''
as $$ select private.note_first_step('hidden') $$;

grant execute on function
private.first_steps(), public.first_steps(),
private.note_first_step(text), public.note_panel_read(), public.hide_first_steps()
to authenticated;
