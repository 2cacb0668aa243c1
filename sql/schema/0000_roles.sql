-- Roles of the functions. A job or a webhook never carries the secret key: it logs in as
-- `functions` (no inherited rights) and puts on exactly one hat per transaction:
-- `authenticated` with a person's claims, `webhook`, or `worker`.
-- Roles belong to the cluster, not to the database, hence "if not exists".
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'functions') then
        -- The password is set outside of migrations: by the local stack, or by the deploy guide.
        create role functions login noinherit;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'webhook') then
        create role webhook nologin;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'worker') then
        create role worker nologin;
    end if;
end;
$$;

grant authenticated to functions;
grant webhook to functions;
grant worker to functions;

-- An abandoned transaction keeps dead rows alive in the queues; 60 s is above any honest pause.
alter role functions set idle_in_transaction_session_timeout = '60s';
