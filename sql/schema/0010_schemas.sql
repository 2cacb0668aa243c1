-- `public` is what PostgREST exposes. `private` holds policy helpers, definer functions, provider
-- events and the clock: reachable only through what is granted one by one.
create schema if not exists private;
create schema if not exists extensions;

-- USAGE lets policies and thin public functions call the private functions granted to the caller.
grant usage on schema private to authenticated, webhook, worker, service_role;

create extension if not exists pg_trgm with schema extensions;
create extension if not exists unaccent with schema extensions;
create extension if not exists pgcrypto with schema extensions;
-- Lets one GIN index hold the tenant beside the trigrams of a name.
create extension if not exists btree_gin with schema extensions;
create extension if not exists pgmq;
create extension if not exists pg_net;
create extension if not exists pg_cron;
create extension if not exists supabase_vault;

-- The platform grants everything in `public` to its API roles by default. Here every table and
-- function says itself who may do what, so that a forgotten grant closes instead of opens.
alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke all on functions from anon, authenticated;
alter default privileges revoke execute on functions from public;
