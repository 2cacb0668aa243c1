-- Two demo agencies with synthetic people, for one machine only: never run this on a hosted project.
-- People are not here: they sign up, and the invitations below make them members. The keys open
-- nothing but the simulator that the local stack starts.
insert into public.tenants (id, name)
values
('d0000000-0000-4000-8000-000000000001', 'Demo Cobranças'),
('d0000000-0000-4000-8000-000000000002', 'Outra Assessoria')
on conflict do nothing;

-- They began long ago.
insert into private.first_steps (tenant_id, hidden_at)
select tenants.id, now() from public.tenants
on conflict do nothing;

insert into public.invitations (tenant_id, email, role, display_name, expires_at)
values
('d0000000-0000-4000-8000-000000000001', 'admin@demo.test', 'admin', 'Ana Administradora', 'infinity'),
('d0000000-0000-4000-8000-000000000001', 'supervisor@demo.test', 'supervisor', 'Sônia Supervisora', 'infinity'),
('d0000000-0000-4000-8000-000000000001', 'operador@demo.test', 'operator', 'Otávio Operador', 'infinity'),
('d0000000-0000-4000-8000-000000000001', 'operador2@demo.test', 'operator', 'Olívia Operadora', 'infinity'),
('d0000000-0000-4000-8000-000000000002', 'admin@outra.test', 'admin', 'Augusto Administrador', 'infinity')
on conflict do nothing;

insert into public.creditors (tenant_id, name, document, address)
values
('d0000000-0000-4000-8000-000000000001', 'Banco Aurora S.A.', '11222333000181', 'Av. das Acácias, 1000, São Paulo/SP'),
('d0000000-0000-4000-8000-000000000001', 'Telefônica Ipê', '11444777000161', 'Rua dos Ipês, 250, Campinas/SP'),
('d0000000-0000-4000-8000-000000000001', 'Lojas Sabiá', '45723174000110', 'Rua do Comércio, 77, Salvador/BA'),
('d0000000-0000-4000-8000-000000000002', 'Financeira Jatobá', '60746948000112', 'Av. Central, 500, Rio de Janeiro/RJ')
on conflict do nothing;

-- 48 people in the first agency, 10 in the second; the document is a valid CPF made from a counter.
create function pg_temp.cpf(base int) returns text
language plpgsql
as $$
declare
    v_cpf text := lpad(base::text, 9, '0');
    v_sum int;
begin
    for v_length in 9 .. 10 loop
        select sum(substr(v_cpf, i, 1)::int * (v_length + 2 - i)) into v_sum
        from generate_series(1, v_length) as i;
        v_cpf := v_cpf || (case when v_sum % 11 < 2 then 0 else 11 - v_sum % 11 end);
    end loop;
    return v_cpf;
end;
$$;

create temporary table seed_people as
select
    n,
    case when n <= 48
        then 'd0000000-0000-4000-8000-000000000001' else 'd0000000-0000-4000-8000-000000000002'
    end::uuid as tenant_id,
    pg_temp.cpf(200000000 + n * 7919) as document,
    (array[
        'Alice', 'Bento', 'Cecília', 'Davi', 'Elisa', 'Félix', 'Glória', 'Heitor', 'Íris', 'João',
        'Lívia', 'Márcio'
    ]) [1 + n % 12] || ' ' || (array[
        'Exemplo', 'Modelo', 'Fictícia', 'Amostra', 'Ensaio'
    ]) [1 + n % 5] || ' ' || (array[
        'Araújo', 'Brandão', 'Conceição', 'Duarte', 'Esteves', 'França', 'Guimarães'
    ]) [1 + n % 7] as name,
    (array['SP', 'BA', 'RJ', 'MG', 'RS']) [1 + n % 5] as uf,
    (array['11', '71', '21', '31', '51']) [1 + n % 5] as area
from generate_series(1, 58) as n;

insert into public.clients (tenant_id, document, name, email, external_id, uf)
select tenant_id, document, name, 'pessoa' || n || '@exemplo.test', 'EXT-' || lpad(n::text, 5, '0'), uf
from seed_people
on conflict do nothing;

insert into public.client_phones (tenant_id, client_id, phone, kind, position)
select people.tenant_id, clients.id, numbers.phone, numbers.kind, numbers.position
from seed_people as people
join public.clients
    on people.tenant_id = clients.tenant_id and people.document = clients.document
cross join lateral (
    values
    ('+55' || people.area || '90000' || lpad(people.n::text, 4, '0'), 'mobile'::public.phone_kind, 0),
    ('+55' || people.area || '2000' || lpad(people.n::text, 4, '0'), 'landline', 1)
) as numbers (phone, kind, position)
-- Every fourth person has only a mobile.
where numbers.position = 0 or people.n % 4 <> 0
on conflict do nothing;

-- One to four titles each; every ninth is settled, every eleventh was returned to its creditor.
insert into public.debts (
    tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents, status
)
select
    people.tenant_id, clients.id, owed.id,
    'CT' || lpad((people.n * 131)::text, 6, '0'), title,
    private.today(people.tenant_id) - (15 + people.n * 5 - title * 30),
    8990 + people.n * 1733 + title * 411,
    (case
        when (people.n + title) % 9 = 0 then 'settled'
        when (people.n + title) % 11 = 0 then 'returned'
        else 'open'
    end)::public.debt_status
from seed_people as people
join public.clients
    on people.tenant_id = clients.tenant_id and people.document = clients.document
cross join lateral (
    select creditors.id
    from public.creditors
    where creditors.tenant_id = people.tenant_id
    order by creditors.name
    offset people.n % (case when people.n <= 48 then 3 else 1 end)
    limit 1
) as owed
cross join lateral generate_series(1, 1 + people.n % 4) as title
-- The first person owes the example below and nothing else.
where people.n > 1
on conflict do nothing;

-- A debt that is easy to follow: R$ 1.000,00, 22 days late, is R$ 1.027,33 (2 % once, and 22 days at
-- 1 % a month) on the day the demo begins, whatever day that is.
insert into public.debts (
    tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents
)
select
    people.tenant_id, clients.id, creditors.id, 'CT-EXEMPLO', 1,
    private.today(people.tenant_id) - 22, 100000
from seed_people as people
join public.clients
    on people.tenant_id = clients.tenant_id and people.document = clients.document
join public.creditors
    on people.tenant_id = creditors.tenant_id and creditors.name = 'Banco Aurora S.A.'
where people.n = 1
on conflict do nothing;

-- Everybody can be sent a boleto, except every tenth: there the page asks for the address.
insert into public.client_addresses (
    id, tenant_id, client_id, cep, street, number, district, city, uf
)
select
    overlay(clients.id::text placing 'e' from 1 for 1)::uuid, people.tenant_id, clients.id,
    '0100' || lpad(people.n::text, 4, '0'), 'Rua Fictícia', people.n::text, 'Centro',
    'Cidade Modelo', people.uf
from seed_people as people
join public.clients
    on people.tenant_id = clients.tenant_id and people.document = clients.document
where people.n % 10 <> 0
on conflict do nothing;

drop table seed_people;

-- What lateness costs: the market's convention; one creditor has a fee of its own, another's contract
-- counts days from the printed date (so the example above is 22 days late on any weekday).
insert into public.charge_policies (
    tenant_id, creditor_id, version, valid_from, fine_percent, interest_percent,
    collection_fee_percent, counts_from_nominal
)
select tenants.id, null::uuid, 1, date '2020-01-01', 2, 1, 0, false
from public.tenants
union all
select creditors.tenant_id, creditors.id, 1, date '2020-01-01', 2, 1, 10, false
from public.creditors
where creditors.name = 'Telefônica Ipê'
union all
select creditors.tenant_id, creditors.id, 1, date '2020-01-01', 2, 1, 0, true
from public.creditors
where creditors.name = 'Banco Aurora S.A.'
union all
select creditors.tenant_id, creditors.id, 1, date '2020-01-01', 2, 1, 15, false
from public.creditors
where creditors.name = 'Financeira Jatobá'
on conflict do nothing;

-- An operator forgives charges, principal wants a supervisor (as every tenant begins). The second
-- agency is stricter.
update public.approval_limits
set interest_percent = 30, max_installments = 6
where tenant_id = 'd0000000-0000-4000-8000-000000000002' and role = 'operator';

insert into public.agreement_templates (
    tenant_id, name, position, aging_from_days, aging_to_days, principal_percent, fine_percent,
    interest_percent, max_installments, min_installment_cents, min_down_payment_percent,
    validity_days
)
select
    offers.tenant_id::uuid, offers.name, offers.position, offers.aging_from, offers.aging_to,
    offers.principal, offers.fine, offers.interest, offers.installments, 5000, offers.down, 3
from (
    values
    ('d0000000-0000-4000-8000-000000000001', 'À vista sem multa nem juros', 1, 0, 90, 0, 100, 100, 1, 0),
    ('d0000000-0000-4000-8000-000000000001', '15% à vista', 2, 91, 180, 15, 100, 100, 1, 0),
    ('d0000000-0000-4000-8000-000000000001', '30% à vista', 3, 181, null, 30, 100, 100, 1, 0),
    ('d0000000-0000-4000-8000-000000000001', 'Entrada + 6x', 4, 0, 180, 0, 100, 50, 6, 20),
    ('d0000000-0000-4000-8000-000000000001', 'Entrada + 12x', 5, 181, null, 10, 100, 100, 12, 10),
    ('d0000000-0000-4000-8000-000000000002', '20% à vista', 1, 61, null, 20, 100, 100, 1, 0),
    ('d0000000-0000-4000-8000-000000000002', 'Entrada + 3x', 2, 0, null, 0, 50, 30, 3, 30)
) as offers (
    tenant_id, name, position, aging_from, aging_to, principal, fine, interest, installments, down
)
on conflict do nothing;

insert into public.message_templates (
    id, tenant_id, name, provider_template_id, body, variables
)
select
    overlay(tenants.id::text placing 'e' from 1 for 1)::uuid, tenants.id, 'lembrete',
    'c6aecef6-bcb0-4fb1-8100-28c094e3bc6b',
    'Olá, {{1}}! Aqui é da {{2}}. Tentamos falar com você sobre um assunto com {{3}}. '
    || 'O valor em aberto hoje é {{4}}. Responda por aqui quando puder: estamos à disposição.',
    array['client.first_name', 'tenant.name', 'creditor.name', 'client.open_total']
from public.tenants
on conflict do nothing;

-- The first agency has a number at Meta, too.
insert into public.message_templates (
    tenant_id, provider, name, provider_template_id, body, variables
)
values
(
    'd0000000-0000-4000-8000-000000000001', 'meta', 'lembrete_de_debito', '900000000000001',
    'Olá, {{1}}! Aqui é da {{2}}. O valor em aberto hoje é {{3}}. Responda por aqui quando puder.',
    array['client.first_name', 'tenant.name', 'client.open_total']
)
on conflict do nothing;

-- What brings a charge outside the 24 hours: the code itself where there is one, else the link.
insert into public.message_templates (tenant_id, name, provider_template_id, body, variables)
select tenants.id, texts.name, texts.provider_template_id, texts.body, texts.variables
from public.tenants
cross join (
    values
    (
        'pagamento por link', '5b0f7c1e-6d43-4b52-9a06-0c9d1f3a7e21',
        'Olá, {{1}}! Aqui é da {{2}}. Sua parcela de {{3}} vence em {{4}}. Para pagar, acesse: {{5}} '
        || 'Qualquer dúvida, responda por aqui.',
        array['client.first_name', 'tenant.name', 'charge.amount', 'charge.due_on', 'charge.link']
    ),
    (
        'pagamento por Pix', '7d2a9e44-1c8b-4f0e-b6d5-93f0a2c4e815',
        'Olá, {{1}}! Aqui é da {{2}}. Sua parcela de {{3}} vence em {{4}}. Pix copia e cola: {{5}} '
        || 'Qualquer dúvida, responda por aqui.',
        array[
            'client.first_name', 'tenant.name', 'charge.amount', 'charge.due_on', 'charge.pix_code'
        ]
    )
) as texts (name, provider_template_id, body, variables)
on conflict do nothing;

insert into public.collection_rules (id, tenant_id, name, disposition_type, is_enabled)
select
    overlay(tenant_id::text placing 'f' from 1 for 1)::uuid, tenant_id,
    'Caixa postal: enviar lembrete', 'voicemail', true
from public.message_templates
where name = 'lembrete'
on conflict do nothing;

insert into public.rule_steps (tenant_id, rule_id, template_id)
select tenant_id, overlay(tenant_id::text placing 'f' from 1 for 1)::uuid, id
from public.message_templates
where name = 'lembrete'
on conflict do nothing;

-- The providers are connected as an admin would, through save_integration: see local_platform.demo.
