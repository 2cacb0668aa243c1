-- The fence before the provider's call: committed first, and true once.
create function private.begin_charge(charge_id uuid, attempt int) returns boolean
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.charges as charge
    set status = case charge.action
            when 'create' then 'sending'
            when 'cancel' then 'cancelling'
            else charge.status::text
        end::public.charge_status,
        sent_at = case when charge.action = 'create' then private.now() else charge.sent_at end,
        -- Answers that come after this question are newer than what made us ask.
        needs_lookup = false, action = 'begun ' || charge.action
    where charge.id = begin_charge.charge_id and charge.attempt = begin_charge.attempt
      and charge.lease_until > private.now()
      -- Between claim and call somebody may have changed their mind, or the money came.
      and charge.action = private.charge_action(charge);
    return found;
end;
$$;
comment on function private.begin_charge(uuid, int) is
'True exactly once per attempt; commit, then call the provider.';
grant execute on function private.begin_charge(uuid, int) to worker;
