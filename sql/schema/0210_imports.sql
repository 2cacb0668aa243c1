-- One portfolio file (or API batch) and what became of it. The counts are what was written, counted
-- after writing; until it is done they are kept beside its plan (0446). A transaction that writes
-- for it names it in the setting `cobranca.import_id`: the row then stands for the audit of
-- everything written.
create table public.imports (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null,
    -- Null when the creditors come from the file's own column.
    creditor_id uuid,
    file_name text,
    file_sha256 text,
    status public.import_status not null default 'running',
    -- A dry run: nothing of the portfolio is written for it, and it ends as `rehearsed`, with its
    -- answer, for a page that lost the connection; a day later the row goes.
    is_rehearsal boolean not null default false,
    rows int not null default 0,
    accepted int not null default 0,
    rejected int not null default 0,
    duplicates int not null default 0,
    clients_created int not null default 0,
    clients_updated int not null default 0,
    debts_created int not null default 0,
    debts_updated int not null default 0,
    creditors_created int not null default 0,
    reject_reasons jsonb not null default '{}',
    -- Null when a job imported.
    created_by uuid,
    created_at timestamptz not null default private.now(),
    finished_at timestamptz,
    source text not null default 'csv',
    -- The key of the program that sent it; a constraint of api_keys' own file.
    api_key_id uuid,
    -- A program that asks twice with one key gets the first answer; the fingerprint is of body and
    -- options. A failed import gives its key back.
    idempotency_key text,
    request_fingerprint text,
    answer jsonb,
    -- What it changed: {fields, rows: the first, kept: the first titles left alone}.
    differences jsonb,
    -- The file's own column names: rejects go back under them.
    header text[] not null default '{}',
    debts_absent int not null default 0,
    debts_returned int not null default 0,
    -- Returned by the absence from an earlier file, and named by this one.
    debts_reopened int not null default 0,
    -- Named and left alone because of their status: {status: titles}.
    debts_kept jsonb not null default '{}',
    -- People it created or changed, or whose titles it did; null: imported before it was counted.
    clients_touched int,
    -- Cells that were left out, by kind.
    warnings jsonb not null default '{}',
    error_code text,
    cancel_requested_at timestamptz,
    -- Rows of a cancelled import that stayed, because somebody acted on them while it ran.
    rows_kept int not null default 0,
    -- When its first rows could be seen; somebody may have acted on them since.
    writing_at timestamptz,
    -- Progress, for people who watch; not audited. Rows; the total is an estimate until all is
    -- read.
    started_at timestamptz,
    phase text,
    rows_read int not null default 0,
    rows_valid int not null default 0,
    rows_written int not null default 0,
    rows_total int,
    rows_per_second int,
    seconds_left int,
    -- Of taking it back: people looked at so far, of how many; then what became of its rows:
    -- {deleted, restored, kept}.
    undo_done int not null default 0,
    undo_total int,
    rolled_back jsonb,
    constraint imports_file_name_is_short check (length(file_name) <= 255),
    constraint imports_source_is_known check (source in ('csv', 'xlsx', 'api')),
    constraint imports_phase_is_known check (phase in ('reading', 'planning', 'writing')),
    constraint imports_idempotency_key_has_shape check (length(idempotency_key) between 1 and 200),
    constraint imports_pkey primary key (id),
    constraint imports_tenant_id_key unique (tenant_id, id),
    constraint imports_tenant_fkey foreign key (tenant_id) references public.tenants (id),
    constraint imports_creditor_fkey foreign key (tenant_id, creditor_id)
    references public.creditors (tenant_id, id),
    constraint imports_created_by_fkey foreign key (created_by) references auth.users (id)
    on delete set null,
    constraint imports_sha256_has_shape check (file_sha256 ~ '^[0-9a-f]{64}$'),
    constraint imports_reject_reasons_is_object check (jsonb_typeof(reject_reasons) = 'object')
);
comment on table public.imports is 'Portfolio imports and their counts.';

create unique index imports_idempotency on public.imports (tenant_id, idempotency_key)
where idempotency_key is not null;
create index imports_newest on public.imports (tenant_id, created_at desc, id desc);
create index imports_of_creditor on public.imports (tenant_id, creditor_id);
create index imports_of_author on public.imports (created_by);

alter table public.imports enable row level security;
alter table public.imports force row level security;

create policy imports_select_member on public.imports for select to authenticated
using (
    tenant_id = (select private.tenant_id())
    and (
        (select private.sees_everything())
        or creditor_id = any((select private.creditor_scope())::uuid[])
    )
);

-- Written by the import function only.
grant select on public.imports to authenticated;

-- The setting alone proves nothing: any session can set it. That this very transaction is named as
-- the writer by the import's plan does: only private.advance_import writes that, and takes it back.
create function private.is_importing() returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_import_id text := nullif(current_setting('cobranca.import_id', true), '');
begin
    return v_import_id is not null and exists (
        select from private.import_plans as plan
        where plan.import_id = v_import_id::uuid
          and plan.writer = pg_current_xact_id_if_assigned()
    );
end;
$$;

-- What the triggers would derive came with the rows: an import's new people, with the titles and
-- numbers that it planned for them (0451). Nobody else can say so.
create function private.is_derived_already() returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return current_setting('cobranca.is_derived_already', true) = 'true' and private.is_importing();
end;
$$;

create function private.tg_imports__broadcast() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform realtime.send(
        jsonb_build_object('id', new_rows.id, 'at', private.now()),
        'import_changed', 'tenant:' || new_rows.tenant_id, true
    )
    from new_rows;
    return null;
end;
$$;

create trigger _100_broadcast_insert after insert on public.imports
referencing new table as new_rows for each statement
execute function private.tg_imports__broadcast();
create trigger _100_broadcast_update after update on public.imports
referencing new table as new_rows for each statement
execute function private.tg_imports__broadcast();

create trigger _900_audit_insert after insert on public.imports
referencing new table as new_rows for each statement execute function private.tg_audit();
create trigger _900_audit_update after update on public.imports
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_audit(
    'phase', 'rows_read', 'rows_valid', 'rows_written', 'rows_total', 'rows_per_second',
    'seconds_left', 'answer', 'differences', 'writing_at', 'undo_done', 'undo_total', 'rolled_back'
);
create trigger _900_audit_delete after delete on public.imports
referencing old table as old_rows for each statement execute function private.tg_audit();
