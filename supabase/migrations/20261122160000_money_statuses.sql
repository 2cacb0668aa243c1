-- Titles learn to be in an agreement, disputed and prescribed. Apart from what uses the words,
-- because a new word of an enum can be used only after it is committed. No table is locked.
alter type public.debt_status add value if not exists 'in_agreement' after 'open';
alter type public.debt_status add value if not exists 'on_hold' after 'in_agreement';
alter type public.debt_status add value if not exists 'prescribed' after 'on_hold';
