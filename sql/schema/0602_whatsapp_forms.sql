-- Brazil's ninth digit: outside some states WhatsApp knows a mobile by its number of old. A number
-- goes out as it was written down; refused, once more in its other form; what WhatsApp delivered to
-- is used from then on.
create table private.whatsapp_forms (
    tenant_id uuid not null,
    -- Area code and last eight digits, the same for both forms.
    phone_key text not null,
    phone text not null,
    learnt_at timestamptz not null default private.now(),
    constraint whatsapp_forms_pkey primary key (tenant_id, phone_key),
    constraint whatsapp_forms_tenant_fkey foreign key (tenant_id) references public.tenants (id)
);
alter table private.whatsapp_forms enable row level security;
alter table private.whatsapp_forms force row level security;

create function private.other_form(phone text) returns text
language sql
immutable
strict
set search_path = ''
as $$
    select case
        when other_form.phone ~ '^\+55[1-9][0-9]9[0-9]{8}$'
            then left(other_form.phone, 5) || right(other_form.phone, 8)
        -- Landlines begin with 2 to 5 and have one form.
        when other_form.phone ~ '^\+55[1-9][0-9][6-9][0-9]{7}$'
            then left(other_form.phone, 5) || '9' || right(other_form.phone, 8)
    end
$$;
comment on function private.other_form(text) is
'A Brazilian mobile with its ninth digit for one without, and the reverse; null: it has one form.';

create function private.whatsapp_form(tenant_id uuid, phone text) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select coalesce(
        (
            select form.phone from private.whatsapp_forms as form
            where form.tenant_id = whatsapp_form.tenant_id
              and form.phone_key = private.phone_match(whatsapp_form.phone)
        ),
        whatsapp_form.phone
    )
$$;

-- A receipt names the number that WhatsApp delivered to.
create function private.learn_form(message_id uuid, destination text) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.whatsapp_forms as form (tenant_id, phone_key, phone)
    select message.tenant_id, private.phone_match(message.phone), '+' || told.digits
    from public.message_logs as message
    cross join (select ltrim(learn_form.destination, '+') as digits) as told
    where message.id = learn_form.message_id
      and '+' || told.digits in (message.phone, private.other_form(message.phone))
      and '+' || told.digits <> private.whatsapp_form(message.tenant_id, message.phone)
    on conflict on constraint whatsapp_forms_pkey do update
    set phone = excluded.phone, learnt_at = excluded.learnt_at
$$;
