-- What connecting the 3C Plus dialer takes, and the words calls and exports live by. What the
-- provider's pages leave open is the tenant's to set, with the usual value where it is left out.
create type public.call_status as enum (
    'dialing', 'answered', 'connected', 'transferred', 'ended', 'not_answered', 'abandoned',
    'finished', 'failed', 'voicemail', 'outside_hours'
);
create type public.dialer_export_status as enum (
    'planning', 'loading', 'done', 'failed', 'cancelled'
);
create type public.dialer_row_status as enum (
    'excluded', 'waiting', 'loaded', 'filtered', 'removing', 'removed'
);
-- Who said what a call came to: our screen, the dialer's own, or its timer.
create type public.qualification_source as enum ('ours', 'dialer', 'automatic');

insert into private.integration_fields (provider, field, is_secret, is_required, pattern)
values
-- The company's own host; nothing else is ever called with its token.
('threecplus', 'host', false, true, '^[a-z0-9-]+\.3c\.(plus|fluxoti\.com)$'),
-- Service tokens alone are answered since 2026-10-01; a person's token would be a 401.
('threecplus', 'api_token', true, true, '^3cs_[A-Za-z0-9_-]{8,200}$'),
-- Role "Agente": qualifies, pauses and dials for the agent named in X-Agent-Id.
('threecplus', 'agent_token', true, false, '^3cs_[A-Za-z0-9_-]{8,200}$'),
-- mailing_sync.json tells which phones were filtered, mailing.json tells nothing.
('threecplus', 'load_report', false, false, '^(sync|none)$'),
-- Whether click2call wants 55 before the number.
('threecplus', 'click2call_prefix', false, false, '^(none|55)$'),
-- Which of a call's ids its qualification is addressed by.
('threecplus', 'qualify_call_id', false, false, '^(telephony_id|id)$'),
-- Qualifications that the dialer's timer gives; ids below zero always are.
('threecplus', 'automatic_qualifications', false, false, '^-?[0-9]{1,9}(,-?[0-9]{1,9})*$'),
-- Of the company at the dialer: its call_date has no zone.
('threecplus', 'time_zone', false, false, '^[A-Za-z]+/[A-Za-z_]+$');

-- The account of the caller's agency, for functions that ask the dialer in a person's name.
create function private.dialer_account() returns table (integration_id uuid, settings jsonb)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
begin
    return query
    select integration.id, integration.settings
    from public.integrations as integration
    where integration.tenant_id = v_tenant_id and integration.provider = 'threecplus'
      and integration.is_active;
    if not found then
        raise exception 'dialer_not_connected' using errcode = 'PT409',
            detail = 'connect 3C Plus in the settings';
    end if;
end;
$$;
comment on function private.dialer_account() is 'Supervisor. PT409 dialer_not_connected.';
grant execute on function private.dialer_account() to authenticated;
