-- 60 calls a minute is the provider's limit per account; counted here, because several workers
-- share it. In any minute, not by the clock's: 60 at its end and 60 at the next one's beginning
-- would be 120 in two seconds.
create table private.call_budgets (
    integration_id uuid not null,
    -- When each call of the last minute was taken.
    taken timestamptz[] not null default '{}',
    constraint call_budgets_pkey primary key (integration_id)
);
comment on table private.call_budgets is 'Calls of the last minute by provider account.';
alter table private.call_budgets enable row level security;
alter table private.call_budgets force row level security;

-- Takes up to `wanted` calls of the minute; answers how many it got.
create function private.take_calls(integration_id uuid, wanted int) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    c_calls_per_minute constant int := 60;
    v_taken timestamptz[];
    v_got int;
begin
    insert into private.call_budgets (integration_id) values (take_calls.integration_id)
    on conflict on constraint call_budgets_pkey do nothing;
    select budget.taken into v_taken from private.call_budgets as budget
    where budget.integration_id = take_calls.integration_id
    for update;
    v_taken := array(
        select one.at from unnest(v_taken) as one (at)
        where one.at > clock_timestamp() - interval '1 minute'
    );
    v_got := greatest(least(wanted, c_calls_per_minute - cardinality(v_taken)), 0);
    update private.call_budgets as budget
    set taken = v_taken || array_fill(clock_timestamp(), array[v_got])
    where budget.integration_id = take_calls.integration_id;
    return v_got;
end;
$$;
comment on function private.take_calls(uuid, int) is
'Sweeps and tests take theirs here, too: how many calls may be made within this minute.';
grant execute on function private.take_calls(uuid, int) to worker;
