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
insert into public.import_mappings (tenant_id, header_key, mapping)
values (%(tenant)s, 'cpf|operacao', '{"Operação": "contract"}');
insert into public.api_keys (tenant_id, name, prefix, key_hash, created_by)
values (%(tenant)s, 'ERP', 'cbk_000000', md5(%(tenant)s::text) || md5(%(tenant)s::text), %(admin)s);
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
    (
        select hours.opens_at + interval '1 hour'
        from private.contact_hours(%(tenant)s, %(client)s, private.now(), 15) as hours
        where hours.opens_at > private.now() limit 1
    )
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

insert into public.client_addresses (tenant_id, client_id, street, city, uf, cep)
values (%(tenant)s, %(client)s, 'Rua do Mundo, 1', 'São Paulo', 'SP', '01001000');

insert into public.tags (id, tenant_id, name)
values (%(tag)s, %(tenant)s, 'Mundo'), (%(new_tag)s, %(tenant)s, 'Ainda de ninguém');
insert into public.client_tags (tenant_id, client_id, tag_id, created_by)
values (%(tenant)s, %(client)s, %(tag)s, %(admin)s);

insert into public.client_assignments (tenant_id, client_id, user_id, assigned_by)
values (%(tenant)s, %(client)s, %(admin)s, %(admin)s);

insert into public.teams (id, tenant_id, name) values (%(team)s, %(tenant)s, 'Equipe do mundo');
insert into public.team_members (tenant_id, team_id, user_id) values (%(tenant)s, %(team)s, %(admin)s);

insert into public.segments (id, tenant_id, owner_id, name, filter, is_shared)
values (%(segment)s, %(tenant)s, %(admin)s, 'Do mundo', '{"uf": "SP"}', true);
insert into public.charge_policies (tenant_id, version, valid_from, fine_percent, interest_percent)
values (%(tenant)s, 900, '2000-01-01', 2, 1);
insert into public.index_factors (tenant_id, index_name, month, percent, revision)
values (%(tenant)s, 'ipca', '2026-01-01', 0.33, 900);
insert into public.tenant_holidays (tenant_id, day, name)
values (%(tenant)s, '2099-12-31', 'Véspera do fim');
insert into public.debt_marks (tenant_id, debt_id, kind, reason, created_by)
values (%(tenant)s, %(debt)s, 'prescription_override', 'reconhecida', %(admin)s);
insert into public.agreement_templates (tenant_id, name) values (%(tenant)s, 'Oferta do mundo');
insert into public.job_runs (tenant_id, job, on_date) values (%(tenant)s, 'check_ledger', '2026-01-31');
insert into public.reconciliations (tenant_id, integration_id, day)
values (%(tenant)s, %(integration)s, '2026-01-31');
insert into public.negotiation_drafts (tenant_id, client_id, user_id, content)
select %(tenant)s, clients.id, %(admin)s, '{"installments": 2}'
from public.clients
where clients.tenant_id = %(tenant)s and clients.id <> %(client)s
order by clients.document limit 1;
insert into public.agreements (
    id, tenant_id, client_id, creditor_id, status, priced, proposal_hash, statement, base_on,
    valid_until, original_cents, discount_cents, total_cents, discount_percent, installments,
    first_due_on, last_due_on, policy_id, created_by, formalised_at
)
select %(agreement)s, %(tenant)s, %(client)s, debts.creditor_id, 'active', '{}', 'sealed', '{}',
    '2026-01-31', '2026-02-02', 12345, 0, 12345, 0, 1, '2026-02-02', '2026-02-02',
    agreement_policies.id, %(admin)s, private.now()
from public.debts
join public.agreement_policies on agreement_policies.tenant_id = debts.tenant_id
where debts.id = %(debt)s limit 1;
insert into public.agreement_debts
values (%(tenant)s, %(agreement)s, %(debt)s, 1, 12345, 0, 0, 0, 0, 0, 0, 0, 0, 0, false);
insert into public.agreement_events (tenant_id, agreement_id, kind, on_date)
values (%(tenant)s, %(agreement)s, 'transition', '2026-01-31');
insert into public.installments (
    id, tenant_id, agreement_id, client_id, number, kind, due_on, effective_due_on,
    amount_cents, method
)
values (
    %(installment)s, %(tenant)s, %(agreement)s, %(client)s, 1, 'installment', '2099-02-02',
    '2099-02-02', 12345, 'pix'
);
insert into public.charges (
    tenant_id, client_id, agreement_id, installment_id, integration_id, method, sequence,
    reference, amount_cents, due_on, status
)
values (
    %(tenant)s, %(client)s, %(agreement)s, %(installment)s, %(integration)s, 'pix', 1,
    %(installment)s::text, 12345, '2099-02-02', 'open'
);
insert into public.payments (id, tenant_id, client_id, payment_key, amount_cents, paid_on)
values (%(payment)s, %(tenant)s, %(client)s, 'manual:mundo', 100, '2026-01-31');
insert into public.payment_courses (tenant_id, payment_id, course, agreement_id)
values (%(tenant)s, %(payment)s, 'apply', %(agreement)s);
insert into public.payment_allocations (
    tenant_id, payment_id, installment_id, paid_on, principal_cents, before_cents, after_cents,
    position_after
)
values (
    %(tenant)s, %(payment)s, %(installment)s, '2026-01-31', 100, 12345, 12245, '{}'
);
insert into public.payment_reversals (tenant_id, payment_id, reason, reversed_on)
values (%(tenant)s, %(payment)s, 'engano', '2026-01-31');
insert into public.payment_cases (tenant_id, client_id, payment_id, kind, amount_cents, case_key)
values (%(tenant)s, %(client)s, %(payment)s, 'overpayment', 100, 'overpayment:mundo');
insert into public.manual_settlements (
    id, tenant_id, client_id, installment_id, amount_cents, paid_on, evidence, requested_by
)
values (
    gen_random_uuid(), %(tenant)s, %(client)s, %(installment)s, 100, '2026-01-31', 'recibo',
    %(admin)s
);
insert into public.tenant_calling_windows (tenant_id, weekday, opens, closes)
select %(tenant)s, weekday, '00:00', '24:00' from generate_series(1, 6) as weekday;
insert into public.contact_caps (tenant_id, channel, days, attempts)
values (%(tenant)s, 'call', 31, 1000);
insert into public.dialer_agents (tenant_id, agent_id, user_id)
values (%(tenant)s, 77, %(admin)s);
insert into public.dialer_qualifications (tenant_id, disposition_type, qualification_id)
values (%(tenant)s, 'negotiate', 31);
insert into public.calls (
    tenant_id, integration_id, external_id, client_id, phone, status, called_at, operator_id
)
values (
    %(tenant)s, %(integration)s, 'mundo', %(client)s, '+5511987650001', 'finished',
    private.now(), %(admin)s
);
insert into public.client_services (tenant_id, client_id, operator_id)
values (%(tenant)s, %(client)s, %(admin)s);
insert into public.call_sweeps (tenant_id, integration_id, from_at, until_at)
values (%(tenant)s, %(integration)s, private.now(), private.now());
insert into public.dialer_exports (
    id, tenant_id, integration_id, campaign_id, list_name, selection, selection_hash, on_date,
    status, created_by
)
values (
    %(installment)s, %(tenant)s, %(integration)s, 123, 'Mundo', '{}', 'mundo', '2026-01-31',
    'done', %(admin)s
);
insert into public.dialer_export_rows (export_id, place, tenant_id, client_id, phone, status)
values (%(installment)s, 1, %(tenant)s, %(client)s, '+5511987650001', 'removed');

insert into public.conversations (tenant_id, sender_id, client_id, phone)
select senders.tenant_id, senders.id, %(client)s, '+5511987650001'
from public.senders where senders.integration_id = %(integration)s;
insert into public.conversation_events (tenant_id, conversation_id, client_id, kind)
select conversations.tenant_id, conversations.id, conversations.client_id, 'opted_out'
from public.conversations where conversations.tenant_id = %(tenant)s;
insert into public.message_media (message_id, tenant_id)
select message_logs.id, message_logs.tenant_id
from public.message_logs where message_logs.tenant_id = %(tenant)s limit 1;
insert into public.conversation_drafts (tenant_id, conversation_id, user_id, body)
select conversations.tenant_id, conversations.id, %(admin)s, 'Olá'
from public.conversations where conversations.tenant_id = %(tenant)s;
insert into public.canned_replies (tenant_id, shortcut, body)
values (%(tenant)s, 'mundo', 'Olá, mundo');
insert into public.rate_cards (tenant_id, provider, category, price_micros, valid_from)
values (%(tenant)s, 'gupshup', 'utility', 20000, '2026-01-01');
insert into public.cost_rates (tenant_id, kind, price_micros, valid_from, created_by)
values (%(tenant)s, 'voice_minute', 150000, '2026-01-01', %(admin)s);
insert into public.operator_states (tenant_id, user_id, state)
values (%(tenant)s, %(admin)s, 'available');
insert into public.message_policies (tenant_id, confirm_above_recipients)
values (%(tenant)s, 5000);
insert into public.message_batches (
    id, tenant_id, name, sender_id, template_id, selection, status, created_by, finished_at
)
select %(message)s, %(tenant)s, 'Mundo', senders.id, message_templates.id, '{}', 'done',
    %(admin)s, private.now()
from public.senders
join public.message_templates on message_templates.tenant_id = senders.tenant_id
where senders.integration_id = %(integration)s limit 1;
insert into public.batch_recipients (tenant_id, batch_id, client_id, status)
values (%(tenant)s, %(message)s, %(client)s, 'done');

insert into public.agenda_policies (tenant_id, release_after_minutes) values (%(tenant)s, 15);
-- Nothing is held, so that a test sees what follows at once; test_undo gives its own window.
insert into public.automation_policies (tenant_id, undo_seconds) values (%(tenant)s, 0);
insert into public.rule_versions (tenant_id, rule_id, version, definition)
select rules.tenant_id, rules.id, 1, '{}'
from public.collection_rules as rules where rules.tenant_id = %(tenant)s limit 1;
insert into public.rule_dry_runs (id, tenant_id, rule_id, version, frozen_at, from_date, to_date)
select %(message)s, rules.tenant_id, rules.id, 1, private.now(), '2026-01-01', '2026-01-31'
from public.collection_rules as rules where rules.tenant_id = %(tenant)s limit 1;
insert into public.rule_dry_run_lines (tenant_id, dry_run_id, place, client_id, verdict)
values (%(tenant)s, %(message)s, 1, %(client)s, 'send');
insert into public.disposition_undos (disposition_id, tenant_id, client_id, undone_by)
values (%(disposition)s, %(tenant)s, %(client)s, %(admin)s);
insert into public.notification_preferences (tenant_id, user_id) values (%(tenant)s, %(admin)s);

insert into public.privacy_requests (tenant_id, client_id, kind, asked_on, created_by)
values (%(tenant)s, %(client)s, 'export', '2026-01-31', %(admin)s);
