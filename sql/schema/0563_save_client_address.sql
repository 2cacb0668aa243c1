-- What a charge needs to know of its payer, asked for before the provider is called and not learnt
-- by its refusal.

-- The operator on the phone writes the address down; the table itself is a supervisor's to edit.
create function private.save_client_address(client_id uuid, address jsonb) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_missing text;
    v_id uuid;
begin
    perform private.require_known_keys(address, array[
        'cep', 'street', 'number', 'complement', 'district', 'city', 'uf'
    ]);
    perform private.require_debts(v_tenant_id, client_id, null);
    select wanted.field into v_missing
    from (
        values
        ('cep', '^[0-9]{5}-?[0-9]{3}$'), ('street', '\S'), ('number', '\S'), ('district', '\S'),
        ('city', '\S'), ('uf', '^[A-Za-z]{2}$')
    ) as wanted (field, pattern)
    where coalesce(address ->> wanted.field, '') !~ wanted.pattern
        or length(address ->> wanted.field) > 200
    limit 1;
    if found then
        raise exception 'address_invalid' using errcode = 'PT400', detail = v_missing;
    end if;
    insert into public.client_addresses (
        tenant_id, client_id, cep, street, number, complement, district, city, uf
    )
    values (
        v_tenant_id, save_client_address.client_id, replace(address ->> 'cep', '-', ''),
        btrim(address ->> 'street'), btrim(address ->> 'number'),
        nullif(btrim(left(address ->> 'complement', 200)), ''), btrim(address ->> 'district'),
        btrim(address ->> 'city'), upper(address ->> 'uf')
    )
    returning id into v_id;
    return v_id;
end;
$$;

create function public.save_client_address(client_id uuid, address jsonb) returns uuid
language sql
set search_path = ''
as $$ select private.save_client_address(private.seen('clients', client_id), address) $$;
comment on function public.save_client_address(uuid, jsonb) is
'{cep, street, number, complement?, district, city, uf}; the newest address counts. PT400
address_invalid (detail = field).';

grant execute on function
private.save_client_address(uuid, jsonb), public.save_client_address(uuid, jsonb)
to authenticated;

-- {document, name, email, phone, cep, …}: the newest complete address, the first phone.
create function private.payer_of(tenant_id uuid, client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select jsonb_build_object(
            'document', client.document, 'name', client.name, 'email', client.email,
            'phone', (
                select known.phone from public.client_phones as known
                where known.tenant_id = client.tenant_id and known.client_id = client.id
                order by known.position, known.created_at, known.id
                limit 1
            )
        ) || coalesce((
            select jsonb_build_object(
                'cep', known.cep, 'street', known.street, 'number', known.number,
                'complement', known.complement, 'district', known.district,
                'city', known.city, 'uf', known.uf
            )
            from public.client_addresses as known
            where known.tenant_id = client.tenant_id and known.client_id = client.id
              and num_nulls(known.cep, known.number, known.district) = 0
            order by known.created_at desc, known.id desc
            limit 1
        ), '{}')
        from public.clients as client
        where client.tenant_id = payer_of.tenant_id and client.id = payer_of.client_id
    );
end;
$$;

create function private.require_payer(tenant_id uuid, client_id uuid) returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_payer jsonb := private.payer_of(tenant_id, client_id);
begin
    if not v_payer ? 'cep' then
        raise exception 'address_missing' using errcode = 'PT409',
            detail = 'cep, street, number, district, city, uf';
    elsif v_payer ->> 'phone' is null then
        raise exception 'phone_missing' using errcode = 'PT409', detail = 'phone';
    end if;
end;
$$;
