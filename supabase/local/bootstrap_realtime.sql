-- Realtime's side of the database as a hosted project has it: writing a row broadcasts it.

create schema realtime authorization supabase_realtime_admin;
grant usage on schema realtime to postgres, anon, authenticated, service_role;

create table realtime.messages (
    topic text not null,
    extension text not null,
    payload jsonb,
    event text,
    private boolean default false,
    updated_at timestamp without time zone not null default now(),
    inserted_at timestamp without time zone not null default now(),
    id uuid not null default gen_random_uuid(),
    primary key (id, inserted_at)
);
create index messages_inserted_at_idx on realtime.messages (inserted_at);
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to postgres, anon, authenticated, service_role;

create function realtime.topic() returns text
language sql stable
as $$
    select nullif(current_setting('realtime.topic', true), '')::text;
$$;

create function realtime.send(
    payload jsonb, event text, topic text, private boolean default true
) returns void
language plpgsql
as $$
declare
    v_id uuid := gen_random_uuid();
begin
    -- As on Supabase a message that cannot be written is a warning: realtime is a hint, and must
    -- not undo the change that it speaks of.
    begin
        perform set_config('realtime.topic', topic, true);
        insert into realtime.messages (id, payload, event, topic, private, extension)
        values (
            v_id,
            case
                when payload ? 'id' then payload
                else jsonb_set(payload, '{id}', to_jsonb(v_id))
            end,
            event, topic, private, 'broadcast'
        );
    exception
        when others then
            raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
    end;
end;
$$;

-- The hosted service reads the write-ahead log; here a notification says which row is new.
create function realtime.tg_messages__notify() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform pg_notify('local_realtime', new.id::text);
    return null;
end;
$$;
create trigger _900_notify after insert on realtime.messages
for each row when (new.extension = 'broadcast') execute function realtime.tg_messages__notify();

alter table realtime.messages owner to supabase_realtime_admin;
alter function realtime.topic() owner to supabase_realtime_admin;
alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin;
alter function realtime.tg_messages__notify() owner to supabase_realtime_admin;
