-- Cards that came later: of the stock's records (0811) and of what 0804 to 0806 tell besides.
insert into private.panel_kpis (
    position, section, code, name, unit, date_basis, numerator, numerator_as, denominator,
    denominator_as, formula, sentence
)
values
(
    46, 'money', 'provisional', 'Quebra provisória', 'cents', 'abertura do último dia',
    'stock_provisional', 'amount', null, null, 'parcelas de D+4 a D+10 ainda não pagas',
    'O que falta pagar das parcelas atrasadas que ainda não viraram quebra, pelos prazos da'
    || ' política de cada credor. É uma fotografia da abertura do dia.'
),
(
    55, 'portfolio', 'eligible_titles', 'Títulos elegíveis', 'count', 'abertura do último dia',
    'stock_eligible_title', 'events', null, null, 'títulos em aberto da carteira elegível',
    'Títulos em aberto de quem pode e dá para contatar. É uma fotografia da abertura do dia.'
),
(
    56, 'portfolio', 'debt_ticket', 'Ticket médio da dívida', 'cents', 'abertura do último dia',
    'stock', 'amount', 'stock', 'clients', 'saldo em carteira ÷ clientes que devem',
    'Quanto cada cliente com título em carteira deve, em média, de principal.'
),
(
    57, 'portfolio', 'entries', 'Entradas na carteira', 'cents', 'dia da entrada',
    'stock_entered', 'amount', null, null, 'principal dos títulos que chegaram',
    'Principal dos títulos que entraram na carteira depois da abertura do primeiro dia. Quem entra'
    || ' e sai no mesmo dia não aparece.'
),
(
    58, 'portfolio', 'cei', 'Eficácia de cobrança (CEI)', 'percent', 'do primeiro ao último dia',
    'stock_collected', 'amount', 'stock_collectable', 'amount',
    '(saldo inicial + entradas − saldo final) ÷ (saldo inicial + entradas − a vencer no final)',
    'Visão do credor: do que podia ter saído da carteira no período, quanto saiu, por pagamento ou'
    || ' devolução. Precisa da fotografia do primeiro dia.'
),
(
    59, 'portfolio', 'dso', 'Prazo médio de recebimento (DSO)', 'days', 'do primeiro ao último dia',
    'stock', 'amount', 'stock_entered', 'amount', 'saldo final ÷ entradas × dias do período',
    'Visão do credor: quantos dias de entradas a carteira representa. Sem entradas no período não'
    || ' há o que dividir.'
),
(
    19, 'contact', 'dispositions', 'Tabulações', 'count', 'dia do contato',
    'disposition', 'events', null, null, 'contatos que um operador tabulou',
    'Ligações e outros contatos que uma pessoa tabulou. O que foi desfeito não conta, nem o que o'
    || ' discador encerrou sozinho.'
),
(
    33, 'agreement', 'broken_first', 'Quebra na 1ª parcela', 'percent', 'dia da quebra',
    'broke_1', 'events', 'broke', 'events', 'quebras na 1ª parcela ÷ quebras',
    'Dos acordos que quebraram no período, quantos pararam na entrada ou primeira parcela: a menor'
    || ' que ficou sem pagar.'
),
(
    34, 'agreement', 'broken_second', 'Quebra na 2ª parcela', 'percent', 'dia da quebra',
    'broke_2', 'events', 'broke', 'events', 'quebras na 2ª parcela ÷ quebras',
    'Dos acordos que quebraram no período, quantos pagaram só a primeira parcela.'
),
(
    35, 'agreement', 'broken_third', 'Quebra na 3ª parcela', 'percent', 'dia da quebra',
    'broke_3', 'events', 'broke', 'events', 'quebras na 3ª parcela ÷ quebras',
    'Dos acordos que quebraram no período, quantos pararam na terceira parcela.'
),
(
    36, 'agreement', 'broken_later', 'Quebra da 4ª em diante', 'percent', 'dia da quebra',
    'broke_later', 'events', 'broke', 'events', 'quebras da 4ª parcela em diante ÷ quebras',
    'Dos acordos que quebraram no período, quantos já tinham pago três parcelas ou mais.'
),
(
    37, 'agreement', 'discount_principal', 'Desconto no principal', 'percent',
    'dia da formalização',
    'agreement_discount_principal', 'amount', 'agreement_value_principal', 'amount',
    'desconto no principal ÷ principal',
    'De cada real de principal dos acordos fechados, quanto foi abatido.'
),
(
    38, 'agreement', 'discount_correction', 'Desconto na correção', 'percent',
    'dia da formalização',
    'agreement_discount_correction', 'amount', 'agreement_value_correction', 'amount',
    'desconto na correção ÷ correção monetária',
    'De cada real de correção monetária dos acordos fechados, quanto foi abatido.'
),
(
    39, 'agreement', 'discount_interest', 'Desconto nos juros', 'percent', 'dia da formalização',
    'agreement_discount_interest', 'amount', 'agreement_value_interest', 'amount',
    'desconto nos juros ÷ juros',
    'De cada real de juros dos acordos fechados, quanto foi abatido.'
),
(
    47, 'agreement', 'discount_fine', 'Desconto na multa', 'percent', 'dia da formalização',
    'agreement_discount_fine', 'amount', 'agreement_value_fine', 'amount',
    'desconto na multa ÷ multa',
    'De cada real de multa dos acordos fechados, quanto foi abatido.'
),
(
    48, 'agreement', 'discount_fee', 'Desconto nos honorários', 'percent', 'dia da formalização',
    'agreement_discount_fee', 'amount', 'agreement_value_fee', 'amount',
    'desconto nos honorários ÷ honorários',
    'De cada real de honorários dos acordos fechados, quanto foi abatido.'
),
(
    73, 'contact', 'phone_hit_rate', 'Acerto de telefone', 'percent', 'dia da ligação',
    'phone_hit', 'events', 'phone_tried', 'events', 'telefones com CPC ÷ telefones discados',
    'Dos telefones discados, em quantos se achou a pessoa certa. Cada telefone conta uma vez por'
    || ' dia.'
),
(
    74, 'contact', 'answers', 'WhatsApp respondido', 'percent', 'dia da resposta',
    'message_answered', 'events', 'message_delivered', 'events', 'respostas ÷ entregues',
    'Quantas vezes o cliente respondeu a uma mensagem nossa em até 24 horas, sobre as entregues no'
    || ' período. O que ele escreve em seguida é a mesma resposta.'
),
(
    75, 'contact', 'opt_outs', 'Descadastros', 'percent', 'dia do pedido',
    'message_opted_out', 'events', 'message_delivered', 'events', 'pedidos para sair ÷ entregues',
    'Quantas pessoas pediram por WhatsApp para não receber mais mensagens, sobre as entregues.'
),
(
    76, 'contact', 'failed_rate', 'WhatsApp recusado', 'percent', 'dia do envio',
    'message_failed', 'events', 'message_accepted', 'events', 'falhas depois do aceite ÷ aceitas',
    'Das mensagens que o provedor aceitou, quantas o WhatsApp depois recusou.'
),
(
    77, 'contact', 'failed_number', 'Recusa: número sem WhatsApp', 'percent', 'dia do envio',
    'message_failed_number', 'events', 'message_accepted', 'events',
    'recusas por número ÷ aceitas',
    'Das aceitas, quantas não tinham WhatsApp naquele número.'
),
(
    78, 'contact', 'failed_policy', 'Recusa: regra do WhatsApp', 'percent', 'dia do envio',
    'message_failed_policy', 'events', 'message_accepted', 'events',
    'recusas por regra ÷ aceitas',
    'Das aceitas, quantas o WhatsApp segurou por regra sua. Alta, põe o número em risco.'
),
(
    79, 'contact', 'failed_opt_out', 'Recusa: cliente bloqueou', 'percent', 'dia do envio',
    'message_failed_opt_out', 'events', 'message_accepted', 'events',
    'recusas por bloqueio do cliente ÷ aceitas',
    'Das aceitas, quantas o cliente já tinha pedido ao WhatsApp para não receber.'
),
(
    89, 'contact', 'failed_other', 'Recusa: outros motivos', 'percent', 'dia do envio',
    'message_failed_other', 'events', 'message_accepted', 'events',
    'outras recusas ÷ aceitas',
    'Das aceitas, quantas falharam por configuração, por modelo recusado ou sem causa conhecida.'
),
(
    90, 'cost', 'cost_per_answer', 'Custo por resposta', 'micros', 'dia de cada evento',
    'cost_message', 'amount', 'message_answered', 'events', 'custo de WhatsApp ÷ respostas',
    'Quanto se gastou em mensagens para cada resposta de cliente.'
);
