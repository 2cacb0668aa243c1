-- The rest of the catalogue: what the portfolio is, what collecting costs, and what the law asks.
insert into private.panel_kpis (
    position, section, code, name, unit, date_basis, numerator, numerator_as, denominator,
    denominator_as, formula, sentence
)
values
(
    14, 'contact', 'right_party_written', 'CPC por WhatsApp', 'count', 'dia da tabulação',
    'right_party_written', 'events', null, null, 'CPC de quem estava escrevendo',
    'Dentro do CPC: tabulações de pessoa certa sem ligação, até 60 minutos depois de uma mensagem'
    || ' do cliente. Conversa que ninguém tabulou não conta.'
),
(
    15, 'contact', 'accepted_rate', 'CPC com aceite', 'percent', 'dia do contato',
    'right_party_accepted', 'events', 'right_party', 'events', 'CPC com acordo no dia ÷ CPC',
    'Dos contatos com a pessoa certa, em quantos o cliente aceitou no mesmo dia um acordo que veio'
    || ' a ser formalizado.'
),
(
    16, 'contact', 'callbacks_in_time', 'Retornos no prazo', 'percent', 'dia marcado',
    'callback_in_time', 'events', 'callback', 'events', 'tentados em ±10 min ÷ marcados',
    'Dos retornos marcados para o período, em quantos o cliente foi procurado até 10 minutos antes'
    || ' ou depois da hora. Os cancelados não contam.'
),
(
    50, 'portfolio', 'eligible', 'Carteira elegível', 'count', 'abertura do último dia',
    'stock_eligible', 'events', null, null, 'clientes que podem e dá para contatar',
    'Clientes com título em aberto, fora de acordo, suspensão, prescrição e devolução, com telefone'
    || ' e sem bloqueio em todos os canais. É uma fotografia da abertura do dia.'
),
(
    51, 'portfolio', 'balance', 'Saldo em carteira', 'cents', 'abertura do último dia',
    'stock', 'amount', null, null, 'principal devido dos títulos em carteira',
    'Principal ainda devido dos títulos em aberto, em acordo ou suspensos, sem juros nem multa. É'
    || ' uma fotografia da abertura do dia.'
),
(
    52, 'portfolio', 'penetration', 'Penetração', 'percent', 'dia do acionamento',
    'attempt', 'clients', 'stock_eligible', 'events', 'clientes acionados ÷ carteira elegível',
    'De quem podia ser procurado, quantos foram ao menos uma vez no período.'
),
(
    53, 'portfolio', 'localisation', 'Localização', 'percent', 'últimos 90 dias',
    'stock_located', 'events', 'stock_eligible', 'events',
    'clientes com CPC em 90 dias ÷ carteira elegível',
    'Com quantos clientes se falou ao menos uma vez nos 90 dias até o fim do período, sobre a'
    || ' carteira elegível.'
),
(
    54, 'portfolio', 'recovery', 'Recuperação', 'percent', 'dia do pagamento',
    'payment', 'amount', 'stock_opening', 'amount', 'recebido ÷ saldo no início do período',
    'Do principal devido quando o período começou, quanto entrou nele. Títulos que chegaram depois'
    || ' não aumentam o saldo de partida.'
),
(
    60, 'cost', 'cost', 'Custo', 'micros', 'dia do uso',
    'cost', 'amount', null, null, 'WhatsApp + voz + licenças e equipe',
    'O que cobrar custou, pelos preços da sua tabela. Licenças e equipe são repartidas por dia do'
    || ' mês e não pertencem a credor nem a operador.'
),
(
    61, 'cost', 'cost_messages', 'Custo de WhatsApp', 'micros', 'dia do envio',
    'cost_message', 'amount', null, null, 'mensagens aceitas × preço da categoria',
    'Mensagens aceitas pelo provedor e não recusadas depois, ao preço do dia, convertido pelo'
    || ' câmbio que você informou.'
),
(
    62, 'cost', 'cost_voice', 'Custo de voz', 'micros', 'dia da ligação',
    'cost_voice', 'amount', null, null, 'segundos tarifados × preço do minuto',
    'Segundos que o discador tarifou; sem eles, os segundos falados. A operadora pode arredondar.'
),
(
    63, 'cost', 'cost_fixed', 'Licenças e equipe', 'micros', 'cada dia do mês',
    'cost_fixed', 'amount', null, null, 'valor mensal ÷ dias do mês',
    'Quanto das licenças e da equipe cabe aos dias do período.'
),
(
    64, 'cost', 'cost_per_received', 'Custo por real recebido', 'rate', 'dia de cada evento',
    'cost', 'amount', 'payment', 'amount', 'custo ÷ recebido',
    'Quanto se gastou para cada real que entrou.'
),
(
    65, 'cost', 'cost_per_agreement', 'Custo por acordo', 'micros', 'dia de cada evento',
    'cost', 'amount', 'agreement', 'events', 'custo ÷ acordos fechados',
    'Quanto se gastou para cada acordo fechado.'
),
(
    66, 'cost', 'cost_per_delivery', 'Custo por entrega', 'micros', 'dia do envio',
    'cost_message', 'amount', 'message_delivered', 'events', 'custo de WhatsApp ÷ entregues',
    'Quanto custou cada mensagem que chegou ao aparelho.'
),
(
    67, 'cost', 'cost_unknown', 'Sem preço', 'count', 'dia do uso',
    'cost_unknown', 'events', null, null, 'mensagens e ligações sem preço ou sem câmbio',
    'Enquanto não for zero, o custo está incompleto: falta o preço do minuto ou o câmbio da moeda'
    || ' na tabela de custos.'
),
(
    70, 'law', 'outside_hours', 'Fora do horário', 'count', 'dia do acionamento',
    'outside_hours', 'events', null, null, 'acionamentos fora da janela legal',
    'Deve ser zero. Acionamentos fora do horário permitido na UF do cliente, julgados pelas regras'
    || ' de quando o dia fechou. Resposta a quem acabou de escrever não é fora de hora.'
),
(
    71, 'law', 'over_cap', 'Acima do limite', 'count', 'dia do acionamento',
    'over_cap', 'events', null, null, 'acionamentos além do limite por cliente',
    'Deve ser zero. Acionamentos feitos depois que o cliente já tinha atingido o limite de'
    || ' tentativas da agência.'
),
(
    72, 'law', 'after_opt_out', 'Depois do descadastro', 'count', 'dia do acionamento',
    'after_opt_out', 'events', null, null, 'acionamentos a quem pediu para não receber',
    'Deve ser zero. Acionamentos a quem já tinha pedido para não ser procurado por aquele canal.'
);
