-- What connecting Negociarie takes. What its documents leave open is the tenant's to set, with the
-- documented default where a field is left out.
insert into private.integration_fields (provider, field, is_secret, is_required, pattern)
values
('negociarie', 'client_id', false, true, '^[A-Za-z0-9_-]{1,100}$'),
('negociarie', 'client_secret', true, true, '^\S{8,200}$'),
-- Status codes that mean "paid" where the words are silent; the provider's pages contradict each
-- other (800 and 801), hence none by default.
('negociarie', 'paid_codes', false, false, '^[0-9]{1,4}(,[0-9]{1,4})*$'),
-- valor_multa and valor_mora_dia: in reais (default, nothing else is certain) or per cent.
('negociarie', 'fine_unit', false, false, '^(reais|percent)$'),
('negociarie', 'interest_unit', false, false, '^(reais|percent)$'),
-- Which methods the contract with the provider has; boleto alone when left out.
('negociarie', 'methods', false, false, '^(boleto|pix|card)(,(boleto|pix|card))*$');
