-- What people keep beside conversations: an unsent text, and texts they use again and again.
create table public.conversation_drafts (
    tenant_id uuid not null default private.tenant_id(),
    conversation_id uuid not null,
    user_id uuid not null default auth.uid(),
    body text not null,
    updated_at timestamptz not null default private.now(),
    constraint conversation_drafts_pkey primary key (conversation_id, user_id),
    constraint conversation_drafts_conversation_fkey foreign key (tenant_id, conversation_id)
    references public.conversations (tenant_id, id),
    constraint conversation_drafts_user_fkey foreign key (user_id) references auth.users (id)
    on delete cascade,
    -- WhatsApp's own limit of a text message.
    constraint conversation_drafts_body_fits check (length(body) <= 4096)
);
comment on table public.conversation_drafts is 'Unsent texts, one per person and conversation.';

create index conversation_drafts_of_conversation
on public.conversation_drafts (tenant_id, conversation_id);
create index conversation_drafts_of_user on public.conversation_drafts (user_id);

alter table public.conversation_drafts enable row level security;
alter table public.conversation_drafts force row level security;

create policy conversation_drafts_select_own on public.conversation_drafts
for select to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy conversation_drafts_insert_own on public.conversation_drafts
for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy conversation_drafts_update_own on public.conversation_drafts
for update to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()))
with check (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

create policy conversation_drafts_delete_own on public.conversation_drafts
for delete to authenticated
using (tenant_id = (select private.tenant_id()) and user_id = (select auth.uid()));

-- Not audited: what was not sent is no history.
grant select, delete on public.conversation_drafts to authenticated;
grant insert (tenant_id, conversation_id, user_id, body) on public.conversation_drafts
to authenticated;
grant update (body, updated_at) on public.conversation_drafts to authenticated;

create table public.canned_replies (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null default private.tenant_id(),
    -- What is typed after `/`.
    shortcut text not null,
    body text not null,
    created_at timestamptz not null default private.now(),
    constraint canned_replies_pkey primary key (id),
    constraint canned_replies_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint canned_replies_shortcut_is_unique unique (tenant_id, shortcut),
    constraint canned_replies_shortcut_has_shape check (shortcut ~ '^[a-z0-9-]{1,40}$'),
    constraint canned_replies_body_fits check (length(btrim(body)) between 1 and 4096)
);
comment on table public.canned_replies is 'Texts a tenant uses again and again, by shortcut.';

alter table public.canned_replies enable row level security;
alter table public.canned_replies force row level security;

create policy canned_replies_select_member on public.canned_replies for select to authenticated
using (tenant_id = (select private.tenant_id()));

create policy canned_replies_insert_supervisor on public.canned_replies for insert to authenticated
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy canned_replies_update_supervisor on public.canned_replies for update to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')))
with check (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

create policy canned_replies_delete_supervisor on public.canned_replies for delete to authenticated
using (tenant_id = (select private.tenant_id()) and (select private.has_role('supervisor')));

grant select, delete on public.canned_replies to authenticated;
grant insert (id, tenant_id, shortcut, body) on public.canned_replies to authenticated;
grant update (shortcut, body) on public.canned_replies to authenticated;

create trigger _900_audit_insert after insert on public.canned_replies
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.canned_replies
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit();
create trigger _900_audit_delete after delete on public.canned_replies
referencing old table as old_rows for each statement execute function private.tg_audit();
