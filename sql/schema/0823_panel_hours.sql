-- Events of hours: each interval of 0822, a day's part on each day, in whole seconds. Of no client
-- and no creditor. A day that is over does not change: the open interval grows while its day does.
create function private.panel_hours_worked(
    tenant_id uuid, zone text, from_day date, until_day date
) returns setof private.panel_event
language sql
stable
security definer
set search_path = ''
as $$
    select told.measure, part.day, part.begins_at, null::uuid, part.user_id, '{}'::uuid [],
        'operator_states', part.id::text || ':' || part.day::text, part.seconds
    from (
        select known.id, known.user_id, known.state, days.day, span.begins_at,
            floor(extract(epoch from span.ends_at - span.begins_at))::bigint as seconds
        from (
            select panel_hours_worked.from_day + step as day
            from generate_series(
                0, panel_hours_worked.until_day - panel_hours_worked.from_day
            ) as step
        ) as days
        join public.operator_states as known
            on known.tenant_id = panel_hours_worked.tenant_id
            -- None spans two mornings.
            and known.since
                >= (days.day - 1)::timestamp at time zone panel_hours_worked.zone
            and known.since
                < (days.day + 1)::timestamp at time zone panel_hours_worked.zone
        cross join lateral (
            select greatest(
                known.since, days.day::timestamp at time zone panel_hours_worked.zone
            ) as begins_at, least(
                coalesce(known.until_at, known.seen_at),
                (days.day + 1)::timestamp at time zone panel_hours_worked.zone
            ) as ends_at
        ) as span
    ) as part
    cross join lateral (
        values ('logged', true), ('paused', part.state = 'paused'),
        ('productive', part.state <> 'paused'), ('serving', part.state = 'serving')
    ) as told (measure, holds)
    where told.holds and part.seconds > 0
$$;

insert into private.panel_kpis (
    position, section, code, name, unit, date_basis, numerator, numerator_as, denominator,
    denominator_as, formula, sentence
)
values
(
    17, 'contact', 'wrap_time', 'Pós-atendimento médio', 'seconds', 'dia da ligação',
    'wrapped', 'amount', 'talked', 'events', 'tempo depois da ligação ÷ ligações com conversa',
    'Quanto o operador leva, em média, para terminar o registro depois que a ligação acaba (TPA).'
),
(
    18, 'contact', 'handle_time', 'Tempo médio de operação', 'seconds', 'dia da ligação',
    'handled', 'amount', 'talked', 'events', 'tempo falado e depois ÷ ligações com conversa',
    'Conversa e pós-atendimento juntos (TMO). O discador conta a espera dentro da conversa.'
),
(
    80, 'hours', 'logged_hours', 'Horas logadas', 'hours', 'dia de trabalho',
    'logged', 'amount', null, null, 'tempo com a página aberta ou cliente na tela',
    'Tempo em que o operador esteve presente, pausas incluídas. Sem sinal por três minutos,'
    || ' conta-se só até o último sinal.'
),
(
    81, 'hours', 'productive_hours', 'Horas produtivas', 'hours', 'dia de trabalho',
    'productive', 'amount', null, null, 'horas logadas − pausas',
    'Tempo logado fora das pausas. Não pertence a credor nenhum.'
),
(
    82, 'hours', 'paused_rate', 'Tempo em pausa', 'percent', 'dia de trabalho',
    'paused', 'amount', 'logged', 'amount', 'pausas ÷ horas logadas',
    'De cada hora logada, quanto foi pausa, daqui ou do discador.'
),
(
    83, 'hours', 'occupancy', 'Ocupação', 'percent', 'dia de trabalho',
    'own_handled', 'amount', 'productive', 'amount',
    '(falado + pós-atendimento) ÷ horas produtivas',
    'Das horas produtivas, quanto foi ligação e o registro dela, pelo tempo do discador.'
),
(
    84, 'hours', 'serving_rate', 'Cliente na tela', 'percent', 'dia de trabalho',
    'serving', 'amount', 'productive', 'amount', 'tempo com cliente aberto ÷ horas produtivas',
    'Das horas produtivas, quanto foi com um cliente aberto, por ligação ou por mensagem.'
),
(
    85, 'hours', 'attempts_per_hour', 'Acionamentos por hora', 'per_hour', 'dia de cada evento',
    'own_attempt', 'events', 'productive', 'amount', 'acionamentos de pessoas ÷ horas produtivas',
    'Só o que uma pessoa fez: automações e disparos não contam. Como as outras contas por hora,'
    || ' começa no primeiro dia com jornada registrada.'
),
(
    86, 'hours', 'right_party_per_hour', 'CPC por hora', 'per_hour', 'dia de cada evento',
    'own_right_party', 'events', 'productive', 'amount', 'CPC ÷ horas produtivas',
    'Contatos com a pessoa certa em cada hora produtiva.'
),
(
    87, 'hours', 'agreements_per_hour', 'Acordos por hora', 'per_hour', 'dia de cada evento',
    'own_agreement', 'events', 'productive', 'amount', 'acordos fechados ÷ horas produtivas',
    'Acordos contam para quem os propôs, mesmo que o cliente mude de mãos.'
),
(
    88, 'hours', 'received_per_hour', 'Recebido por hora', 'cents_per_hour', 'dia de cada evento',
    'own_payment', 'amount', 'productive', 'amount', 'recebido de acordos ÷ horas produtivas',
    'O que entrou dos acordos de cada pessoa, por hora produtiva. Pagamento sem acordo não é de'
    || ' ninguém.'
);
