-- Closed vocabularies of money. What a debtor owes has five components, in the order in which a
-- discount eats them last to first and in which a statement is read aloud.
create type public.money_component as enum (
    'principal', 'correction', 'fine', 'interest', 'collection_fee'
);
-- Days by thirtieths of a month, by the civil year, or whole months and the days of the next one.
create type public.interest_rule as enum ('daily_30', 'actual_365', 'months_and_days');
create type public.due_rule as enum ('following', 'preceding', 'none');
create type public.price_index as enum ('ipca', 'inpc', 'igpm');
create type public.charge_method as enum ('boleto', 'pix', 'card');
create type public.due_interval as enum ('weekly', 'biweekly', 'monthly');

create type public.agreement_status as enum (
    'draft', 'pending_approval', 'rejected', 'expired',
    -- Formalised: the title is locked, nothing was paid yet.
    'awaiting_first_payment',
    'active', 'overdue', 'broken_provisionally',
    'broken', 'settled', 'cancelled', 'replaced',
    -- The first payment never came: nobody broke a promise they had begun to keep.
    'lapsed'
);
create type public.installment_kind as enum ('down_payment', 'installment');
create type public.installment_status as enum ('open', 'paid', 'cancelled');
-- `registering`: the provider has it, the bank not yet. `unknown`: perhaps it has it; look it up.
create type public.charge_status as enum (
    'queued', 'sending', 'unknown', 'registering', 'open', 'paid', 'cancelling', 'cancelled',
    'failed'
);
-- What becomes of money that came in. `parked` waits for a person.
create type public.payment_course as enum ('apply', 'advance', 'abate', 'return', 'parked');
create type public.payment_case_kind as enum (
    'orphan', 'duplicate', 'overpayment', 'paid_after_break', 'contradiction'
);
create type public.request_status as enum ('pending', 'approved', 'rejected');
