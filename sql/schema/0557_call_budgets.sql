-- 60 calls a minute is the provider's limit per account; counted here, because several workers
-- share it.
create table private.call_budgets (
    integration_id uuid not null,
    window_start timestamptz not null,
    used int not null,
    constraint call_budgets_pkey primary key (integration_id)
);
comment on table private.call_budgets is 'Calls of the running minute by provider account.';
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
    v_used int;
    v_now timestamptz := clock_timestamp();
begin
    insert into private.call_budgets as budget (integration_id, window_start, used)
    values (take_calls.integration_id, v_now, 0)
    on conflict on constraint call_budgets_pkey do update
    set used = case when budget.window_start < v_now - interval '1 minute'
            then 0 else budget.used end,
        window_start = case when budget.window_start < v_now - interval '1 minute'
            then v_now else budget.window_start end
    returning budget.used into v_used;
    v_used := least(wanted, c_calls_per_minute - v_used);
    update private.call_budgets as budget set used = budget.used + v_used
    where budget.integration_id = take_calls.integration_id;
    return v_used;
end;
$$;
comment on function private.take_calls(uuid, int) is
'Sweeps and tests take theirs here, too: how many calls may be made within this minute.';
grant execute on function private.take_calls(uuid, int) to worker;
