-- An admin of another agency, somebody without any, and nobody at all see nothing of the first.
create function pg_temp.become(email text) returns void
language sql
as $$
    select set_config('request.jwt.claims', jsonb_build_object(
        'sub', (select users.id from auth.users where users.email = become.email),
        'role', 'authenticated'
    )::text, true), set_config('role', 'authenticated', true)
$$;

select pg_temp.become('admin@outra.test');
do $$
begin
    assert (select count(*) from public.clients) > 0, 'sees the own clients';
    assert not exists (
        select from public.clients
        where clients.tenant_id = 'd0000000-0000-4000-8000-000000000001'
    ), 'reads clients of another agency';
    assert (select count(*) from public.tenants) = 1, 'sees other agencies';
end;
$$;

reset role;
select pg_temp.become('ninguem@exemplo.test');
do $$
begin
    assert not exists (select from public.clients), 'a person without a home reads clients';
    assert public.session_context() -> 'tenant' = 'null', 'a person without a home has one';
end;
$$;

reset role;
set local role anon;
do $$
begin
    perform from public.clients;
    assert false, 'reads clients without a session';
exception when insufficient_privilege then
    null;
end;
$$;
