-- What a person wants to hear of, and whether with a sound. A kind belongs to a topic, because
-- nobody decides about thirty kinds; what a person does not want is not written for them, so that
-- every count is right without asking again.
create function private.notification_topic(kind text) returns text
language sql
immutable
set search_path = ''
as $$
    select case
        when kind in ('callback_due', 'callbacks_overdue') then 'callbacks'
        when kind like 'agreement\_%' then 'agreements'
        when kind like 'payment\_%' or kind in ('settlement_pending', 'charge_failed')
            then 'payments'
        when kind in ('message_received', 'conversation_given') then 'messages'
        when kind = 'import_finished' then 'imports'
        when kind in (
            'batch_awaits_confirmation', 'batch_finished', 'dialer_export_finished'
        ) then 'sends'
        -- What failed is told to those who can mend it, whatever they would rather hear.
        else 'failures'
    end
$$;

create table public.notification_preferences (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    user_id uuid not null default auth.uid(),
    muted_topics text[] not null default '{}',
    plays_sound boolean not null default true,
    constraint notification_preferences_pkey primary key (id),
    constraint notification_preferences_one_per_person unique (tenant_id, user_id),
    constraint notification_preferences_tenant_fkey foreign key (tenant_id)
    references public.tenants (id),
    constraint notification_preferences_user_fkey foreign key (user_id)
    references auth.users (id) on delete cascade,
    constraint notification_preferences_topics_are_known check (
        muted_topics <@ array[
            'callbacks', 'agreements', 'payments', 'messages', 'imports', 'sends'
        ]
    )
);
comment on table public.notification_preferences is
'Topics a person does not want, and whether reminders sound. No row: everything, with sound.';
create index notification_preferences_of_user on public.notification_preferences (user_id);

alter table public.notification_preferences enable row level security;
alter table public.notification_preferences force row level security;

create policy notification_preferences_select_own on public.notification_preferences
for select to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy notification_preferences_insert_own on public.notification_preferences
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy notification_preferences_update_own on public.notification_preferences
for update to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()))
with check (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

-- Not audited: what somebody wants to hear is nobody's business. The keys are updatable only so
-- that an upsert may name them; the policy keeps them where they are.
grant select on public.notification_preferences to authenticated;
grant insert (id, tenant_id, user_id, muted_topics, plays_sound)
on public.notification_preferences to authenticated;
grant update (tenant_id, user_id, muted_topics, plays_sound)
on public.notification_preferences to authenticated;

-- Who works for some creditors hears of their clients and agreements alone, whoever writes it. In
-- plpgsql because agreements are made later.
create function private.may_hear(tenant_id uuid, user_id uuid, payload jsonb) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_scope uuid[] := private.creditor_scope_of(tenant_id, user_id);
begin
    return v_scope is null or not exists (
        select from public.clients
        where clients.id = (payload ->> 'client_id')::uuid
          and not coalesce(clients.creditor_ids && v_scope, false)
    ) and not exists (
        select from public.agreements as agreement
        where agreement.id = (payload ->> 'agreement_id')::uuid
          and agreement.creditor_id <> all(v_scope)
    );
end;
$$;

create function private.tg_notifications__preferences() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if exists (
        select from public.notification_preferences as wish
        where wish.tenant_id = new.tenant_id and wish.user_id = new.user_id
          and private.notification_topic(new.kind) = any(wish.muted_topics)
    ) or not private.may_hear(new.tenant_id, new.user_id, new.payload) then
        return null;
    end if;
    return new;
end;
$$;

create trigger _050_preferences before insert on public.notifications
for each row execute function private.tg_notifications__preferences();
