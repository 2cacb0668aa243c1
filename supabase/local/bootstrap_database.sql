-- The same for one database: run in every database that migrations will be applied to.

grant all on schema public to postgres;
grant usage on schema public to anon, authenticated, service_role;
alter schema public owner to postgres;

create schema extensions authorization postgres;
grant usage on schema extensions to anon, authenticated, service_role, authenticator;
create extension pgcrypto with schema extensions;
create extension "uuid-ossp" with schema extensions;

-- A hosted project opens everything that `postgres` makes in `public` to the API roles, and so
-- does this one: a migration that forgets to revoke must look as open here as it is there.
alter default privileges for role postgres in schema public
grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
grant all on functions to postgres, anon, authenticated, service_role;

create schema auth authorization supabase_auth_admin;
grant usage on schema auth to postgres, anon, authenticated, service_role;

create schema supabase_migrations authorization postgres;
create table supabase_migrations.schema_migrations (
    version text primary key,
    statements text[],
    name text
);
alter table supabase_migrations.schema_migrations owner to postgres;

-- PostgREST of one database only listens to that database.
create function extensions.notify_api_of_schema_change() returns event_trigger
language plpgsql
set search_path = ''
as $$
begin
    notify pgrst, 'reload schema';
end;
$$;
create event trigger pgrst_ddl_watch on ddl_command_end
execute function extensions.notify_api_of_schema_change();
create event trigger pgrst_drop_watch on sql_drop
execute function extensions.notify_api_of_schema_change();
