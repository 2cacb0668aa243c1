-- Which of a client's numbers a "not them" was said of, where no call of the dialer tells: named
-- with the disposition, so that one number is wrong and the others go on being called.
create table private.wrong_numbers (
    disposition_id uuid not null,
    tenant_id uuid not null,
    client_id uuid not null,
    phone text collate "C" not null,
    constraint wrong_numbers_pkey primary key (disposition_id),
    -- Named first: what follows from the disposition's row reads it in the same statement.
    constraint wrong_numbers_disposition_fkey foreign key (tenant_id, disposition_id)
    references public.call_dispositions (tenant_id, id) on delete cascade
    deferrable initially deferred,
    constraint wrong_numbers_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{7,14}$')
);
comment on table private.wrong_numbers is 'The number that a disposition of no call was about.';
create index wrong_numbers_of_client on private.wrong_numbers (tenant_id, client_id);
create index wrong_numbers_of_disposition on private.wrong_numbers (tenant_id, disposition_id);

alter table private.wrong_numbers enable row level security;
alter table private.wrong_numbers force row level security;

create function private.name_wrong_number(
    disposition_id uuid, client_id uuid, disposition_type text, phone text
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
begin
    perform private.require_client(v_tenant_id, client_id);
    -- Whether the number is still the client's is not asked: a disposition that was kept offline
    -- while somebody replaced the numbers is as true as before, and of that number alone.
    if not exists (
        select from public.disposition_types as kind
        where kind.tenant_id = v_tenant_id and kind.unworkable
          and kind.key = name_wrong_number.disposition_type
    ) or coalesce(name_wrong_number.phone !~ '^\+[1-9][0-9]{7,14}$', true) then
        raise exception 'field_invalid' using errcode = 'PT400', detail = 'phone';
    end if;
    if exists (
        select from public.call_dispositions as done
        where done.id = name_wrong_number.disposition_id
          and (done.tenant_id <> v_tenant_id or done.operator_id is distinct from auth.uid()
              or done.client_id <> name_wrong_number.client_id)
    ) then
        raise exception 'disposition_id_reused' using errcode = 'PT409',
            detail = 'this id already names another disposition';
    end if;
    insert into private.wrong_numbers (disposition_id, tenant_id, client_id, phone)
    values (
        name_wrong_number.disposition_id, v_tenant_id, name_wrong_number.client_id,
        name_wrong_number.phone
    )
    on conflict on constraint wrong_numbers_pkey do nothing;
end;
$$;
grant execute on function private.name_wrong_number(uuid, uuid, text, text) to authenticated;

-- An invoker: the disposition's own policies and grants decide. Sent again it changes nothing.
create function public.dispose_wrong_number(
    id uuid, client_id uuid, disposition_type text, phone text, notes text default null
) returns void
language sql
set search_path = ''
as $$
    select private.name_wrong_number(
        dispose_wrong_number.id, private.seen('clients', dispose_wrong_number.client_id),
        dispose_wrong_number.disposition_type, dispose_wrong_number.phone
    );
    insert into public.call_dispositions (id, client_id, disposition_type, notes)
    values (
        dispose_wrong_number.id, dispose_wrong_number.client_id,
        dispose_wrong_number.disposition_type, dispose_wrong_number.notes
    )
$$;
comment on function public.dispose_wrong_number(uuid, uuid, text, text, text) is
'A disposition that says somebody else is at `phone`, one of the client''s, or once. 400
field_invalid, and as inserting one.';
grant execute on function public.dispose_wrong_number(uuid, uuid, text, text, text)
to authenticated;
