-- What the agency measures itself by, each defined once: its card (what a person reads) and its two
-- parts (what is counted). A part is a measure of `private.panel_events` and how it is counted:
-- how many rows, how many different clients, or the sum of their amounts. Nothing else computes a
-- number; the rows behind it are the events themselves.
create table private.panel_kpis (
    code text not null,
    position smallint not null,
    -- contact | agreement | money | hours | portfolio | cost | law: the card's place on the page.
    section text not null,
    name text not null,
    sentence text not null,
    formula text not null,
    -- count | cents | micros (millionths of a real) | percent | ratio | rate (reais per real)
    -- | seconds | hours (of seconds) | per_hour, cents_per_hour (by seconds) | days (of the period)
    unit text not null,
    -- Which day of a row a period means.
    date_basis text not null,
    numerator text not null,
    numerator_as text not null,
    -- Null: the numerator is the number.
    denominator text,
    denominator_as text,
    constraint panel_kpis_pkey primary key (code),
    constraint panel_kpis_position_is_unique unique (position),
    constraint panel_kpis_unit_is_known check (
        unit in (
            'count', 'cents', 'micros', 'percent', 'ratio', 'rate', 'seconds', 'hours', 'per_hour',
            'cents_per_hour', 'days'
        )
    ),
    constraint panel_kpis_are_counted_somehow check (
        numerator_as in ('events', 'clients', 'amount')
        and coalesce(denominator_as, 'events') in ('events', 'clients', 'amount')
        and (denominator is null) = (denominator_as is null)
    )
);
comment on table private.panel_kpis is 'KPIs: definition cards and what each is made of.';

alter table private.panel_kpis enable row level security;
alter table private.panel_kpis force row level security;

insert into private.panel_kpis (
    position, section, code, name, unit, date_basis, numerator, numerator_as, denominator,
    denominator_as, formula, sentence
)
values
(
    1, 'contact', 'attempts', 'Acionamentos', 'count', 'dia do acionamento',
    'attempt', 'events', null, null, 'ligações encerradas + WhatsApp aceitos',
    'Tentativas de falar com clientes: ligações encerradas ou tabuladas e mensagens de WhatsApp'
    || ' aceitas pelo provedor. O que o cliente manda não conta.'
),
(
    2, 'contact', 'clients_attempted', 'Clientes acionados', 'count', 'dia do acionamento',
    'attempt', 'clients', null, null, 'clientes diferentes com acionamento',
    'Cada cliente conta uma vez no período, por mais vezes que tenha sido acionado.'
),
(
    3, 'contact', 'spin', 'Spin', 'ratio', 'dia do acionamento',
    'attempt', 'events', 'attempt', 'clients', 'acionamentos ÷ clientes acionados',
    'Quantas vezes, em média, cada cliente acionado foi procurado.'
),
(
    4, 'contact', 'answer_rate', 'Taxa de alô', 'percent', 'dia da ligação',
    'alo', 'events', 'voice_attempt', 'events', 'ligações atendidas ÷ ligações',
    'Das ligações feitas, quantas foram atendidas por uma pessoa, segundo a tabulação; sem ela,'
    || ' segundo o discador.'
),
(
    5, 'contact', 'right_party', 'CPC', 'count', 'dia da ligação',
    'right_party', 'events', null, null, 'ligações tabuladas como pessoa certa',
    'Contatos com a pessoa certa: a tabulação diz que quem falou era o próprio cliente.'
),
(
    6, 'contact', 'right_party_per_attempt', 'CPC por tentativa', 'percent', 'dia da ligação',
    'right_party', 'events', 'voice_attempt', 'events', 'CPC ÷ ligações',
    'De todas as ligações feitas, quantas chegaram à pessoa certa.'
),
(
    7, 'contact', 'right_party_per_alo', 'CPC por alô', 'percent', 'dia da ligação',
    'right_party', 'events', 'alo', 'events', 'CPC ÷ ligações atendidas',
    'Das ligações atendidas, quantas eram com a pessoa certa.'
),
(
    8, 'contact', 'clients_reached', 'Clientes localizados', 'count', 'dia da ligação',
    'right_party', 'clients', null, null, 'clientes diferentes com CPC',
    'Clientes com quem se falou ao menos uma vez no período.'
),
(
    9, 'contact', 'wrong_party_rate', 'Contato incorreto', 'percent', 'dia da ligação',
    'wrong_party', 'events', 'alo', 'events', 'ligações com a pessoa errada ÷ ligações atendidas',
    'Das ligações atendidas, em quantas o número era de outra pessoa.'
),
(
    10, 'contact', 'talk_time', 'Tempo médio falado', 'seconds', 'dia da ligação',
    'talked', 'amount', 'talked', 'events', 'tempo falado ÷ ligações com conversa',
    'Duração média da conversa, contada pelo discador.'
),
(
    11, 'contact', 'auto_closed', 'Tabulação automática', 'percent', 'dia da ligação',
    'auto_closed', 'events', 'call', 'events', 'encerradas pelo tempo ÷ ligações com operador',
    'Ligações que o discador tabulou sozinho porque o tempo acabou. Alta, põe em dúvida os outros'
    || ' números.'
),
(
    12, 'contact', 'delivered_rate', 'WhatsApp entregue', 'percent', 'dia do envio',
    'message_delivered', 'events', 'message_accepted', 'events', 'entregues ÷ aceitas',
    'Das mensagens aceitas pelo provedor no período, quantas já chegaram ao aparelho.'
),
(
    13, 'contact', 'read_rate', 'WhatsApp lido', 'percent', 'dia do envio',
    'message_read', 'events', 'message_delivered', 'events', 'lidas ÷ entregues',
    'Das entregues, quantas foram lidas. Quem desliga a confirmação de leitura não aparece.'
),
(
    20, 'agreement', 'agreements', 'Acordos fechados', 'count', 'dia da formalização',
    'agreement', 'events', null, null, 'acordos formalizados',
    'Acordos formalizados no período; simulações, propostas recusadas e vencidas não contam.'
),
(
    21, 'agreement', 'agreed', 'Valor acordado', 'cents', 'dia da formalização',
    'agreement', 'amount', null, null, 'soma dos totais dos acordos',
    'O que os clientes se comprometeram a pagar nos acordos fechados no período.'
),
(
    22, 'agreement', 'conversion', 'Conversão', 'percent', 'dia de cada evento',
    'agreement', 'clients', 'right_party', 'clients', 'clientes com acordo ÷ clientes com CPC',
    'Dos clientes com quem se falou, quantos fecharam acordo. Conta pessoas, não ligações.'
),
(
    23, 'agreement', 'conversion_attempted', 'Conversão sobre acionados', 'percent',
    'dia de cada evento',
    'agreement', 'clients', 'attempt', 'clients', 'clientes com acordo ÷ clientes acionados',
    'Dos clientes procurados, quantos fecharam acordo.'
),
(
    24, 'agreement', 'average_ticket', 'Ticket médio do acordo', 'cents', 'dia da formalização',
    'agreement', 'amount', 'agreement', 'events', 'valor acordado ÷ acordos',
    'Valor médio de um acordo fechado no período.'
),
(
    25, 'agreement', 'discount', 'Desconto médio concedido', 'percent', 'dia da formalização',
    'agreement_discount', 'amount', 'agreement_value', 'amount', 'descontos ÷ valor atualizado',
    'De cada real devido no dia do acordo, quanto foi abatido.'
),
(
    26, 'agreement', 'first_payment', 'Efetivação', 'percent', 'dia da formalização',
    'agreement_effective', 'events', 'agreement', 'events', 'acordos com pagamento ÷ acordos',
    'Dos acordos fechados no período, quantos já têm ao menos uma parcela quitada.'
),
(
    27, 'agreement', 'kept_rate', 'Acordos em dia', 'percent', 'dia da formalização',
    'agreement_kept', 'events', 'agreement_effective', 'events', 'em dia ÷ efetivados',
    'Dos acordos do período que começaram a ser pagos, quantos estão em dia hoje.'
),
(
    28, 'agreement', 'finished_rate', 'Acordos concluídos', 'percent', 'dia da formalização',
    'agreement_settled', 'events', 'agreement_effective', 'events', 'quitados ÷ efetivados',
    'Dos acordos do período que começaram a ser pagos, quantos já foram quitados.'
),
(
    29, 'agreement', 'broken_rate', 'Quebra por safra', 'percent', 'dia da formalização',
    'agreement_broken', 'events', 'agreement_effective', 'events', 'quebrados ÷ efetivados',
    'Dos acordos do período que começaram a ser pagos, quantos foram quebrados. Quem nunca pagou'
    || ' aparece em Caducados.'
),
(
    30, 'agreement', 'lapsed_rate', 'Caducados', 'percent', 'dia da formalização',
    'agreement_lapsed', 'events', 'agreement', 'events', 'caducados ÷ acordos',
    'Dos acordos fechados no período, quantos caducaram sem nenhum pagamento.'
),
(
    31, 'agreement', 'breaks', 'Quebras no período', 'count', 'dia da quebra',
    'broke', 'events', null, null, 'entradas em quebra',
    'Acordos que quebraram no período, fechados em qualquer data.'
),
(
    32, 'agreement', 'broken_value', 'Valor quebrado', 'cents', 'dia da quebra',
    'broke', 'amount', null, null, 'saldo dos acordos quebrados',
    'O que faltava pagar dos acordos que quebraram no período.'
),
(
    40, 'money', 'received', 'Recebido', 'cents', 'dia do pagamento',
    'payment', 'amount', null, null, 'pagamentos alocados − estornos',
    'Dinheiro que entrou e foi alocado, pelo dia em que o cliente pagou, já sem os estornos.'
),
(
    41, 'money', 'payments', 'Pagamentos', 'count', 'dia do pagamento',
    'payment', 'events', null, null, 'pagamentos alocados',
    'Quantos pagamentos formam o recebido.'
),
(
    42, 'money', 'payment_ticket', 'Ticket médio do pagamento', 'cents', 'dia do pagamento',
    'payment', 'amount', 'payment', 'events', 'recebido ÷ pagamentos',
    'Valor médio de um pagamento.'
),
(
    43, 'money', 'promises', 'Promessas no vencimento', 'count', 'dia do vencimento',
    'promise', 'events', null, null, 'parcelas que venceram',
    'Parcelas de acordos formalizados que vencem no período.'
),
(
    44, 'money', 'promised', 'Valor prometido', 'cents', 'dia do vencimento',
    'promise', 'amount', null, null, 'soma das parcelas que venceram',
    'Quanto os clientes prometeram pagar no período.'
),
(
    45, 'money', 'promises_kept', 'Promessas cumpridas', 'percent', 'dia do vencimento',
    'promise_kept', 'events', 'promise', 'events', 'pagas no prazo ÷ vencidas no período',
    'Das parcelas que vencem no período, quantas foram pagas dentro da tolerância do acordo.'
);
