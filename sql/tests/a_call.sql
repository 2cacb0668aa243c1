-- One call as the operator lives it: the key is pressed, the callback stands, the rule is queued.
select
    set_config('role', 'authenticated', true) as role,
    set_config('request.jwt.claims', jsonb_build_object(
        'sub', users.id, 'role', 'authenticated'
    )::text, true) as claims
from auth.users
where users.email = 'operador@demo.test';

insert into public.call_dispositions (id, client_id, disposition_type)
select
    '11111111-1111-4111-8111-111111111111' as id,
    clients.id as client_id,
    'voicemail' as disposition_type
from public.clients
order by clients.id
limit 1;

insert into public.call_dispositions (client_id, disposition_type, scheduled_callback, notes)
select
    clients.id,
    'callback' as disposition_type,
    private.now() + interval '2 hours' as scheduled_callback,
    'depois do almoço' as notes
from public.clients
order by clients.id
limit 1;

do $$
begin
    assert (
        select callbacks.note = 'depois do almoço' and callbacks.status = 'scheduled'
        from public.callbacks order by callbacks.created_at desc limit 1
    ), 'the callback stands';
    update public.call_dispositions set notes = 'outra coisa';
    assert false, 'a disposition was changed';
exception when insufficient_privilege then
    null;
end;
$$;

reset role;
do $$
begin
    assert (
        select count(*) from pgmq.q_automations
        where message ->> 'disposition_id' = '11111111-1111-4111-8111-111111111111'
    ) = 1, 'the rule is queued once, in the same transaction';
end;
$$;
