-- Who sat in which team, day by day: a month that is over does not change when somebody leaves or
-- is moved. Who comes to their first team takes their past along, so that an agency that makes its
-- teams today has numbers of them; who is moved counts for the old team until that day ends.
create table private.team_seats (
    tenant_id uuid not null,
    team_id uuid not null,
    user_id uuid not null,
    from_on date not null,
    -- The last day; infinity: still there.
    until_on date not null default 'infinity',
    -- Undone on the day it was made, a seat was never there.
    made_on date not null,
    constraint team_seats_pkey primary key (tenant_id, team_id, user_id, from_on),
    constraint team_seats_team_fkey foreign key (tenant_id, team_id)
    references public.teams (tenant_id, id),
    constraint team_seats_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade,
    constraint team_seats_end_after_they_begin check (from_on <= until_on)
);
comment on table private.team_seats is 'Days on which a person counts for a team.';
-- Serves the panel's "by team".
create index team_seats_of_user on private.team_seats (user_id, tenant_id, team_id);

alter table private.team_seats enable row level security;
alter table private.team_seats force row level security;

create function private.tg_team_members__seats() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'DELETE' then
        delete from private.team_seats as seat
        using old_rows as gone
        where seat.tenant_id = gone.tenant_id and seat.team_id = gone.team_id
          and seat.user_id = gone.user_id and seat.until_on = 'infinity'
          and (seat.made_on = private.today(gone.tenant_id)
              or seat.from_on > private.today(gone.tenant_id));
        update private.team_seats as seat set until_on = private.today(gone.tenant_id)
        from old_rows as gone
        where seat.tenant_id = gone.tenant_id and seat.team_id = gone.team_id
          and seat.user_id = gone.user_id and seat.until_on = 'infinity';
        return null;
    end if;
    -- Taken out and put back on one day is nothing that happened.
    update private.team_seats as seat set until_on = 'infinity'
    from new_rows as came
    where seat.tenant_id = came.tenant_id and seat.team_id = came.team_id
      and seat.user_id = came.user_id and seat.until_on = private.today(came.tenant_id);
    insert into private.team_seats (tenant_id, team_id, user_id, from_on, made_on)
    select came.tenant_id, came.team_id, came.user_id,
        case
            when not exists (
                select from private.team_seats as earlier
                where earlier.tenant_id = came.tenant_id and earlier.user_id = came.user_id
                  and earlier.made_on < days.today
            ) then '-infinity'
            when exists (
                select from private.team_seats as left_today
                where left_today.tenant_id = came.tenant_id and left_today.user_id = came.user_id
                  and left_today.until_on = days.today
            ) then days.today + 1
            else days.today
        end,
        days.today
    from new_rows as came
    cross join lateral (select private.today(came.tenant_id) as today) as days
    where not exists (
        select from private.team_seats as seat
        where seat.tenant_id = came.tenant_id and seat.team_id = came.team_id
          and seat.user_id = came.user_id and seat.until_on = 'infinity'
    );
    return null;
end;
$$;
create trigger _700_seats_insert after insert on public.team_members
referencing new table as new_rows for each statement
execute function private.tg_team_members__seats();
create trigger _700_seats_delete after delete on public.team_members
referencing old table as old_rows for each statement
execute function private.tg_team_members__seats();
