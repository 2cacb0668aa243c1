-- The life of an agreement: one table of what may follow what, one function that moves it, with all
-- effects in the same transaction. Whatever is not in the table is refused by name.
create table private.agreement_transitions (
    from_status public.agreement_status not null,
    to_status public.agreement_status not null,
    constraint agreement_transitions_pkey primary key (from_status, to_status)
);
comment on table private.agreement_transitions is 'Legal moves of an agreement.';

alter table private.agreement_transitions enable row level security;
alter table private.agreement_transitions force row level security;

insert into private.agreement_transitions (from_status, to_status)
select
    legal.from_status::public.agreement_status as from_status,
    unnest(legal.to_statuses::public.agreement_status[]) as to_status
from (
    values
    ('draft', '{pending_approval,awaiting_first_payment}'),
    ('pending_approval', '{awaiting_first_payment,rejected,expired,cancelled}'),
    (
        'awaiting_first_payment',
        '{active,overdue,broken_provisionally,settled,lapsed,broken,cancelled,replaced}'
    ),
    (
        'active',
        '{awaiting_first_payment,overdue,broken_provisionally,broken,settled,cancelled,replaced}'
    ),
    (
        'overdue',
        '{awaiting_first_payment,active,broken_provisionally,broken,settled,cancelled,replaced}'
    ),
    (
        'broken_provisionally',
        '{awaiting_first_payment,active,overdue,broken,settled,cancelled,replaced}'
    ),
    ('broken', '{awaiting_first_payment}'),
    ('lapsed', '{awaiting_first_payment}'),
    ('cancelled', '{awaiting_first_payment}'),
    ('settled', '{awaiting_first_payment,active,overdue,broken_provisionally}')
) as legal (from_status, to_statuses);

-- The agreement holds its titles.
create function private.is_living(status public.agreement_status) returns boolean
language sql
immutable
set search_path = ''
as $$
    select status in ('awaiting_first_payment', 'active', 'overdue', 'broken_provisionally')
$$;

create function private.transition_agreement(
    agreement_id uuid, to_status public.agreement_status, reason text, on_date date,
    details jsonb default '{}'
) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_was public.agreements;
    v_effects jsonb := '{}';
begin
    select * into v_was from public.agreements as agreement
    where agreement.id = transition_agreement.agreement_id
    for no key update;
    if not exists (
        select from private.agreement_transitions as legal
        where legal.from_status = v_was.status
          and legal.to_status = transition_agreement.to_status
    ) then
        raise exception 'transition_illegal' using errcode = 'PT409',
            detail = format('%s -> %s', v_was.status, to_status);
    end if;

    update public.agreements as agreement
    set status = transition_agreement.to_status,
        formalised_at = case when private.is_living(to_status)
            then coalesce(agreement.formalised_at, private.now()) else agreement.formalised_at end,
        closed_at = case when private.is_living(to_status) or to_status = 'pending_approval'
            then null else private.now() end
    where agreement.id = v_was.id;

    if private.is_living(to_status) then
        perform private.hold_agreement_debts(v_was.id, v_was.status, to_status);
        if not private.is_living(v_was.status) then
            perform private.reopen_installments(v_was.id);
        end if;
    elsif to_status = 'settled' then
        v_effects := private.settle_agreement_debts(v_was.id, on_date);
    elsif to_status <> 'pending_approval' then
        v_effects := private.release_agreement(v_was.id, v_was.status, to_status, on_date);
    end if;

    perform private.tell_agreement(
        v_was.id, 'transition', on_date, reason, details || v_effects, v_was.status, to_status
    );
    perform private.notify_agreement(v_was.id, v_was.status, to_status, reason);
end;
$$;
comment on function private.transition_agreement(
    uuid, public.agreement_status, text, date, jsonb
) is 'The only writer of agreements.status. PT409 transition_illegal, debt_in_agreement.';
