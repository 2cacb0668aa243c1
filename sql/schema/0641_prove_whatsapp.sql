-- A message that arrived at a number proves that it has WhatsApp where nobody knows, and one that
-- came from it overrules a refusal, too. Noted here, written at the turn's end (0639).
create function private.prove_whatsapp(
    tenant_id uuid, client_id uuid, phone text, overrules boolean default false
) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.proved_numbers (phone_id, overrules)
    select known.id, prove_whatsapp.overrules
    from public.client_phones as known
    where known.tenant_id = prove_whatsapp.tenant_id
      and known.client_id = prove_whatsapp.client_id
      and (known.has_whatsapp is null or prove_whatsapp.overrules and not known.has_whatsapp)
      and private.phone_match(known.phone) = private.phone_match(prove_whatsapp.phone)
$$;

-- What was passed over: numbers of which nobody knows, though a message arrived there or came from
-- there lately. A refusal may be newer than it, so that only what is open is answered.
create function private.prove_numbers(lately interval) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    create temp table proved_numbers on commit drop as
    select distinct known.id, known.client_id
    from (
        select arrived.tenant_id, arrived.client_id, arrived.phone
        from public.message_logs as arrived
        where arrived.submitted_at > private.now() - lately
          and arrived.status in ('delivered', 'read')
        union all
        select wrote.tenant_id, wrote.client_id, wrote.phone
        from public.message_logs as wrote
        where wrote.direction = 'in' and wrote.created_at > private.now() - lately
    ) as message
    join public.client_phones as known
        on known.tenant_id = message.tenant_id and known.client_id = message.client_id
        and known.has_whatsapp is null
        and private.phone_match(known.phone) = private.phone_match(message.phone);
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
