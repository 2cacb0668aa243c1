-- News that no table's own file tells: money that came in, and a provider that does not answer.
create function private.tg_agreement_events__notify() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    -- To the agreement's author and to whoever has the client. What was parked is a case of its
    -- own, told by it.
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select event.tenant_id, member.user_id, 'payment_received', jsonb_build_object(
        'agreement_id', event.agreement_id, 'client_id', agreement.client_id,
        'payment_id', event.details -> 'payment_id',
        'amount_cents', event.details -> 'amount_cents'
    )
    from new_rows as event
    join public.agreements as agreement
        on agreement.tenant_id = event.tenant_id and agreement.id = event.agreement_id
    left join public.client_assignments as given
        on given.tenant_id = event.tenant_id and given.client_id = agreement.client_id
    join public.memberships as member
        on member.tenant_id = event.tenant_id and member.revoked_at is null
        and member.user_id in (agreement.created_by, given.user_id)
    where event.kind = 'payment_received' and event.details ->> 'course' <> 'parked'
      -- Who settled by hand knows.
      and member.user_id is distinct from event.actor_id;
    return null;
end;
$$;

create trigger _300_notify after insert on public.agreement_events
referencing new table as new_rows for each statement
execute function private.tg_agreement_events__notify();

-- Once a day is an alarm, every ten minutes is noise.
create function private.tell_integration_failing(
    tenant_id uuid, provider text, reason text
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select member.tenant_id, member.user_id, 'integration_failing', jsonb_build_object(
        'provider', tell_integration_failing.provider, 'reason', tell_integration_failing.reason
    )
    from public.memberships as member
    where member.tenant_id = tell_integration_failing.tenant_id and member.revoked_at is null
      and member.role >= 'supervisor'
      and not exists (
          select from public.notifications as told
          where told.tenant_id = member.tenant_id and told.user_id = member.user_id
            and told.kind = 'integration_failing'
            and told.payload ->> 'provider' = tell_integration_failing.provider
            and told.created_at > private.now() - interval '1 day'
      )
$$;

create function private.tg_reconciliations__notify() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.tell_integration_failing(
        failed.tenant_id, failed.provider::text, failed.error
    )
    from (
        select distinct on (integration.tenant_id, integration.provider)
            integration.tenant_id, integration.provider, became.error
        from new_rows as became
        join public.integrations as integration
            on integration.tenant_id = became.tenant_id and integration.id = became.integration_id
        where became.error is not null
        order by integration.tenant_id, integration.provider, became.id
    ) as failed;
    return null;
end;
$$;

create trigger _300_notify after update on public.reconciliations
referencing new table as new_rows for each statement
execute function private.tg_reconciliations__notify();
