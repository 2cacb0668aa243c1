-- Caps hold against haste, too, for many messages at once. Whoever is about to begin them holds
-- their people until the commit, and who waited for that sees what was begun: of two sends that
-- claimed one person in the same instant, the second is one too many. Agencies without a cap hold
-- nobody.
create function private.hold_attempts(message_ids uuid[]) returns uuid[]
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_people uuid[] := array(
        select distinct message.client_id
        from public.message_logs as message
        join public.contact_caps as cap
            on cap.tenant_id = message.tenant_id and cap.channel = 'whatsapp'
        where message.id = any(hold_attempts.message_ids) and message.template_id is not null
          and message.client_id is not null
    );
begin
    if cardinality(v_people) = 0 then
        return '{}';
    end if;
    perform private.lock_people(v_people);
    return array(
        select asked.id
        from (
            select message.id, message.tenant_id, message.client_id,
                row_number() over (partition by message.client_id order by message.id) as nth
            from public.message_logs as message
            where message.id = any(hold_attempts.message_ids)
              and message.client_id = any(v_people)
        ) as asked
        where asked.nth > 1 or private.is_over_cap(
            asked.tenant_id, asked.client_id, 'whatsapp', private.now()
        )
    );
end;
$$;
comment on function private.hold_attempts(uuid[]) is
'Which messages would be one too many for their person; holds the others until the commit.';
