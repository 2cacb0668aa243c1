-- Which number of ours speaks to this person, when nobody chose it: one that may send, before all
-- the one they wrote to within a day, else the agency's first. Null: none is connected.
create function private.sender_for(
    tenant_id uuid, client_id uuid, provider public.provider_name, account text,
    out sender_id uuid, out integration_id uuid, out settings jsonb, out is_paused boolean,
    out paused_until timestamptz
)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    select sender.id, sender.integration_id, private.sender_settings(sender.id),
        sender.state <> 'active', greatest(sender.paused_until, integration.paused_until)
    into sender_for.sender_id, sender_for.integration_id, sender_for.settings,
        sender_for.is_paused, sender_for.paused_until
    from public.senders as sender
    join public.integrations as integration
        on integration.id = sender.integration_id and integration.is_active
    left join lateral (
        select max(talk.last_inbound_at) as at
        from public.conversations as talk
        where talk.tenant_id = sender.tenant_id and talk.client_id = sender_for.client_id
          and talk.sender_id = sender.id and private.window_until(talk) > private.now()
    ) as heard on true
    where sender.tenant_id = sender_for.tenant_id and sender.state <> 'disabled'
      and (sender_for.provider is null or sender.provider = sender_for.provider)
      -- A template's: other accounts do not know it.
      and (sender_for.account is null
          or private.template_account(sender.id) = sender_for.account)
    order by sender.state = 'active' desc, heard.at desc nulls last, sender.is_default desc,
        sender.created_at
    limit 1;
end;
$$;
