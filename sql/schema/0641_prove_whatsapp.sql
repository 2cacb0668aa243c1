-- A message that arrived at a number, or one that came from it, proves that it has WhatsApp. The
-- first one does; nothing but a refusal of the number itself (0640) takes it back.
create function private.prove_whatsapp(tenant_id uuid, client_id uuid, phone text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    if not exists (
        select from public.client_phones as known
        where known.tenant_id = prove_whatsapp.tenant_id
          and known.client_id = prove_whatsapp.client_id and known.has_whatsapp is not true
          and private.phone_match(known.phone) = private.phone_match(prove_whatsapp.phone)
    ) then
        return;  -- known to have it, like most
    end if;
    -- The answer is on the client's row, too. Receipts come in any order, and an import may hold
    -- that row: nobody waits, and the night comes back to it.
    perform from public.clients
    where clients.tenant_id = prove_whatsapp.tenant_id and clients.id = prove_whatsapp.client_id
    for no key update skip locked;
    if found then
        update public.client_phones as known
        set has_whatsapp = true, whatsapp_retry_at = null
        where known.tenant_id = prove_whatsapp.tenant_id
          and known.client_id = prove_whatsapp.client_id and known.has_whatsapp is not true
          and private.phone_match(known.phone) = private.phone_match(prove_whatsapp.phone);
    end if;
end;
$$;

-- What was passed over: numbers of which nobody knows, though a message arrived there lately. A
-- refusal may be newer than the message, so that only what is open is answered.
create function private.prove_numbers(lately interval) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table proved_numbers on commit drop as
    select distinct known.id, known.client_id
    from public.message_logs as message
    join public.client_phones as known
        on known.tenant_id = message.tenant_id and known.client_id = message.client_id
        and known.has_whatsapp is null
        and private.phone_match(known.phone) = private.phone_match(message.phone)
    where message.submitted_at > private.now() - lately
      and message.status in ('delivered', 'read');
    -- In one order, as everybody who locks several.
    perform from public.clients
    where clients.id in (select proved_numbers.client_id from pg_temp.proved_numbers)
    order by clients.id
    for no key update;
    update public.client_phones as known set has_whatsapp = true
    where known.id in (select proved_numbers.id from pg_temp.proved_numbers)
      and known.has_whatsapp is null;
    drop table pg_temp.proved_numbers;
end;
$$;
select cron.schedule('prove-numbers', '27 5 * * *', $$select private.prove_numbers('2 days')$$);
