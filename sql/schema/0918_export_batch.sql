-- The results as a spreadsheet. As with the carteira's (0868): the definer part judges, writes the
-- audit and answers a statement; the rows are read by the caller, under RLS, in one stream.

-- A file has no page that translates its codes. The same words as the screen's; a test compares.
create table private.outcome_words (
    code text not null,
    word text not null,
    constraint outcome_words_pkey primary key (code)
);
alter table private.outcome_words enable row level security;
alter table private.outcome_words force row level security;
insert into private.outcome_words (code, word)
values
('agreement_running', 'com acordo em andamento e em dia'),
('attempt_cap', 'já foram feitas todas as tentativas permitidas no período'),
('cancelled', 'o disparo foi cancelado antes'),
('configuration', 'integração configurada de forma errada'),
('just_written', 'esta pessoa acabou de receber outra mensagem'),
('no_phone', 'sem telefone'),
('no_whatsapp', 'sem celular que possa ter WhatsApp'),
('nothing_owed', 'não há mais nada em aberto'),
('number_invalid', 'número sem WhatsApp'),
('opted_out', 'a pessoa pediu para não receber mensagens'),
('outcome_unknown', 'o provedor não confirmou se enviou'),
('outside_hours', 'fora do horário permitido para contato'),
('policy', 'recusada pela política do WhatsApp'),
('provider_unavailable', 'o provedor não respondeu depois de várias tentativas'),
('rate_limited', 'limite de envio do provedor atingido'),
('retried', 'será tentada de novo'),
('template_rejected', 'modelo recusado pelo provedor'),
('unclassified', 'recusada pelo provedor sem motivo conhecido'),
('variable_missing', 'falta um dado que o modelo usa');

create function private.open_batch_export(batch_id uuid, filter jsonb) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_condition text := private.outcome_condition(filter ->> 'outcome', filter ->> 'reason');
begin
    perform private.message_batch(open_batch_export.batch_id);
    perform private.note_act(
        v_tenant_id, 'export', 'message_batches', open_batch_export.batch_id::text,
        jsonb_build_object('filter', coalesce(filter, '{}'))
    );
    return private.batch_export_sql(open_batch_export.batch_id, v_condition, (
        select tenants.time_zone from public.tenants where tenants.id = v_tenant_id
    ));
end;
$$;
comment on function private.open_batch_export(uuid, jsonb) is
'Supervisor: the SELECT to COPY in this same transaction, of everybody or of filter: {outcome,
reason} as in batch_results; the audit is written.';

create function private.batch_export_sql(batch_id uuid, condition text, zone text) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select regexp_replace(replace(replace(replace(replace(replace($sql$
        select client.document as "Documento",
            $name as "Nome",
            ltrim(message.phone, '+') as "Telefone",
            case coalesce(message.status::text, recipient.status::text)
                when 'waiting' then 'Na fila' when 'claimed' then 'Na fila'
                when 'queued' then 'Na fila' when 'sending' then 'Enviando'
                when 'unknown' then 'Sem confirmação' when 'submitted' then 'Aceita'
                when 'sent' then 'Enviada' when 'delivered' then 'Entregue'
                when 'read' then 'Lida' when 'failed' then 'Falhou'
                when 'skipped' then 'Pulada' when 'excluded' then 'Fora do disparo'
            end as "Situação",
            coalesce(
                $words::jsonb ->> coalesce(message.error_code, recipient.reason),
                message.error_code, recipient.reason
            ) as "Motivo",
            $detail as "Resposta do provedor",
            $message.submitted_at as "Aceita em", $message.sent_at as "Enviada em",
            $message.delivered_at as "Entregue em", $message.read_at as "Lida em",
            $message.answered_at as "Respondida em", $message.failed_at as "Falhou em"
        from public.batch_recipients as recipient
        -- One by one along the key: the planner cannot know whose tenant the policy means.
        cross join lateral (
            select found.* from public.clients as found
            where found.id = recipient.client_id offset 0
        ) as client
        left join lateral (
            select found.* from public.message_logs as found
            where found.id = recipient.message_id offset 0
        ) as message on true
        where recipient.batch_id = $batch and $condition
        order by recipient.client_id
    $sql$,
    '$name', private.plain_cell('client.name')),
    '$detail', private.plain_cell('message.error_detail')),
    '$words', (
        select quote_literal(jsonb_object_agg(known.code, known.word)::text)
        from private.outcome_words as known
    )),
    '$condition', batch_export_sql.condition),
    '$batch', quote_literal(batch_export_sql.batch_id)),
    -- The agency's own wall.
    '\$(message\.\w+_at)',
    'to_char(\1 at time zone ' || quote_literal(batch_export_sql.zone)
        || ', ''DD/MM/YYYY HH24:MI:SS'')', 'g')
$$;
grant execute on function private.open_batch_export(uuid, jsonb) to authenticated;
