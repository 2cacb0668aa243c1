-- Time is injected: everything that judges time asks `private.now()`. The shift is zero in
-- production; only the local stack writes it, as owner, to open the demo inside calling hours.
create table private.clock (
    is_only boolean primary key default true,
    shift interval not null default interval '0',
    constraint clock_has_one_row check (is_only)
);
comment on table private.clock is 'One row: how far the demo''s clock is ahead of the real one.';

alter table private.clock enable row level security;
alter table private.clock force row level security;

insert into private.clock default values on conflict do nothing;

-- plpgsql keeps its plan: in SQL a definer is read and planned anew by every statement that asks.
create function private.now() returns timestamptz
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_shift interval;
begin
    select clock.shift into v_shift from private.clock;
    return pg_catalog.clock_timestamp() + v_shift;
end;
$$;
comment on function private.now() is 'The present instant of the product (real time plus shift).';

-- Signed-in people need it for column defaults; a wrong clock gives them nothing.
grant execute on function private.now() to authenticated, worker;

create function private.told_instant(told timestamptz) returns timestamptz
language sql
stable
security definer
set search_path = ''
as $$
    select told_instant.told + clock.shift from private.clock
$$;
comment on function private.told_instant(timestamptz) is
'An instant of somebody else''s clock (a provider''s receipt) in the product''s time.';
