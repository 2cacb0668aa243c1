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
    v_tenant_id uuid := private.require_role('operator');
    v_known private.first_steps;
    v_steps jsonb;
begin
    select * into v_known from private.first_steps as known where known.tenant_id = v_tenant_id;
    if not private.has_role('admin') or v_known.hidden_at is not null then
        return null;
    end if;
    v_steps := jsonb_build_array(
        jsonb_build_object('key', 'providers', 'is_done', exists (
            select from public.integrations
            where integrations.tenant_id = v_tenant_id and integrations.is_active
              and integrations.test_verdict = 'works'
        )),
        jsonb_build_object('key', 'people', 'is_done', exists (
            select from public.memberships
            where memberships.tenant_id = v_tenant_id and memberships.user_id <> auth.uid()
        ) or exists (
            select from public.invitations
            where invitations.tenant_id = v_tenant_id and invitations.invited_by is not null
        )),
        jsonb_build_object('key', 'portfolio', 'is_done', exists (
            select from public.imports
            where imports.tenant_id = v_tenant_id and imports.status = 'done'
              and imports.accepted > 0
        )),
        jsonb_build_object('key', 'rule', 'is_done', exists (
            select from public.rule_dry_runs where rule_dry_runs.tenant_id = v_tenant_id
        )),
        jsonb_build_object('key', 'disposition', 'is_done', exists (
            select from public.call_dispositions where call_dispositions.tenant_id = v_tenant_id
        )),
        jsonb_build_object('key', 'panel', 'is_done', v_known.panel_read_at is not null)
    );
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
'Admin: {steps: [{key: providers | people | portfolio | rule | disposition | panel, is_done}],
left}; null for others and once put away.';

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
