-- One agency's share of the world: at least one row in every table, made as its own triggers would.
-- psycopg fills in tenant, admin, and a digit that keeps the two agencies' ids apart.
insert into public.integrations (id, tenant_id, provider, settings, secret_hint, webhook_key_hash)
values (
    %(integration)s, %(tenant)s, 'gupshup',
    jsonb_build_object('app_name', 'App' || %(digit)s::text, 'source', '5511400000000'),
    '4f2a', private.webhook_key_hash('webhook-key-' || %(digit)s::text)
);
select private.put_secret('integration:' || %(integration)s::text || ':api_key', 'key-' || %(digit)s::text);

insert into public.clients (id, tenant_id, document, name, email, external_id, uf)
values (
    %(client)s, %(tenant)s, '8888888880' || %(digit)s::text, 'Zélia da Conceição Mundo',
    'zelia@mundo.test', 'MUNDO-1', 'SP'
);
insert into public.client_phones (id, tenant_id, client_id, phone, kind)
values (%(phone)s, %(tenant)s, %(client)s, '+5511987650001', 'mobile');

insert into public.imports (id, tenant_id, file_name, status, created_by)
values (%(import)s, %(tenant)s, 'carteira.csv', 'done', %(admin)s);
insert into public.import_rejects (tenant_id, import_id, line, column_name, value, reason)
values (%(tenant)s, %(import)s, 2, 'CPF', '111', 'document_invalid');

insert into public.debts (
    id, tenant_id, client_id, creditor_id, contract, installment, due_on, principal_cents, import_id
)
select %(debt)s, %(tenant)s, %(client)s, creditors.id, 'MUNDO/1', 1, '2026-01-31', 12345, %(import)s
from public.creditors where creditors.tenant_id = %(tenant)s order by creditors.name limit 1;

insert into public.call_dispositions (
    id, tenant_id, client_id, operator_id, disposition_type, notes, scheduled_callback
)
values
(
    %(disposition)s, %(tenant)s, %(client)s, %(admin)s, 'voicemail', 'caiu na caixa', null
),
(
    %(callback_disposition)s, %(tenant)s, %(client)s, %(admin)s, 'callback', 'ligar amanhã',
    private.now() + interval '1 day'
);
select private.open_runs(array(select queued.msg_id from pgmq.q_automations as queued));

insert into public.message_logs (
    id, tenant_id, client_id, direction, provider, integration_id, phone, template_id, body, status
)
select %(message)s, %(tenant)s, %(client)s, 'out', 'gupshup', %(integration)s, '+5511987650001',
    message_templates.id, 'Olá', 'submitted'
from public.message_templates where message_templates.tenant_id = %(tenant)s limit 1;

insert into public.suppressions (id, tenant_id, phone, reason)
values (%(suppression)s, %(tenant)s, '+5511900009999', 'pediu para não ligar');

insert into public.notifications (tenant_id, user_id, kind)
select %(tenant)s, memberships.user_id, 'import_finished'
from public.memberships where memberships.tenant_id = %(tenant)s and memberships.revoked_at is null;

insert into private.provider_events (
    provider, external_id, tenant_id, integration_id, kind, payload
)
values ('gupshup', 'mundo', %(tenant)s, %(integration)s, 'other', '{}');
