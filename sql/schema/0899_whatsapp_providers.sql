-- Who carries WhatsApp messages, as each adapter declares it (providers/declaration.py, which also
-- writes these rows for a new one): nothing below knows a provider by its name.
create table private.whatsapp_providers (
    provider public.provider_name not null,
    label text not null,
    what text not null,
    -- Where at the provider the webhook's address is entered, and the function that hears it.
    guide text not null,
    -- The setting that names a number of ours there, what people call it, and whether they know a
    -- number by it.
    account_field text not null,
    account_label text not null,
    says_account boolean not null,
    -- The setting whose account lists the templates.
    listed_by text not null,
    -- The secrets that its callbacks are verified with.
    verified_by text[] not null,
    webhook text not null,
    constraint whatsapp_providers_pkey primary key (provider),
    constraint whatsapp_providers_webhook_is_function check (webhook ~ '^[a-z-]+$')
);
comment on table private.whatsapp_providers is 'What each WhatsApp adapter declares of itself.';

-- How people read the fields of its form.
create table private.field_words (
    provider public.provider_name not null,
    field text not null,
    label text not null,
    help text,
    placeholder text,
    constraint field_words_pkey primary key (provider, field)
);
comment on table private.field_words is 'Labels of integration_fields, where an adapter has them.';

alter table private.whatsapp_providers enable row level security;
alter table private.whatsapp_providers force row level security;
alter table private.field_words enable row level security;
alter table private.field_words force row level security;

insert into private.whatsapp_providers (
    provider, label, what, guide, account_field, account_label, says_account, listed_by,
    verified_by, webhook
)
values
(
    'gupshup', 'Gupshup', 'WhatsApp: disparos, conversas e recibos pela Gupshup.',
    'No painel da Gupshup: o app → Webhooks → Callback URL, com todos os eventos.', 'app_name',
    'Nome do app na Gupshup', true, 'app_name', array[]::text[], 'gupshup-webhook'
),
(
    'meta', 'Meta (WhatsApp Cloud API)', 'WhatsApp direto com a Meta, sem intermediário.',
    'No app da Meta: WhatsApp → Configuração → Webhook; o token de verificação é o '
    || 'do formulário.',
    'phone_number_id', 'ID do número (phone_number_id)', false, 'waba_id',
    array['app_secret', 'verify_token']::text[], 'meta-webhook'
);

insert into private.field_words (provider, field, label, help, placeholder)
values
('gupshup', 'app_name', 'Nome do app', 'Como está no painel da Gupshup, letra por letra.', null),
(
    'gupshup', 'source', 'Número de envio',
    'Com 55 e DDD, só números. Outros números do mesmo provedor entram em WhatsApp.',
    '5511999990000'
),
('gupshup', 'api_key', 'Chave da API (apikey)', null, null),
('gupshup', 'app_id', 'ID do app', 'Opcional; com ele os modelos são lidos em páginas.', null),
('meta', 'waba_id', 'ID da conta do WhatsApp Business', 'WABA ID, só números.', null),
('meta', 'phone_number_id', 'ID do número de telefone', 'phone_number_id: não é o telefone.', null),
('meta', 'source', 'Número de envio', 'Com 55 e DDD, só números.', '5511999990000'),
('meta', 'api_version', 'Versão da API', null, 'v25.0'),
('meta', 'access_token', 'Token de acesso', 'De um usuário do sistema, sem data de fim.', null),
(
    'meta', 'app_secret', 'Chave secreta do app', 'Com ela conferimos a assinatura de cada aviso.',
    null
),
(
    'meta', 'verify_token', 'Token de verificação',
    'Uma palavra sua; a Meta a repete ao ligar o webhook.', null
);
