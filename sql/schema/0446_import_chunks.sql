-- What an import will write, decided once and kept until it is written: a crash at any point leaves
-- it to be continued by anybody, without the file. One row per import, and its people in chunks by
-- document, so that nobody is ever half written; a chunk goes in the transaction that writes it.
--
-- Logged, not unlogged: an unlogged table is emptied by a crash of Postgres, and an import that
-- stopped half-way would have to be taken back and sent again. The price could not be measured: of
-- 50,000 rows, reading, planning and keeping took as long either way (docs/performance.md).

-- One person as the file says it; stored fields that the file leaves empty stay.
create type private.planned_client as (
    client_id uuid,
    is_new boolean,
    is_changed boolean,
    document text,
    name text,
    email text,
    uf text,
    external_id text,
    extra jsonb,
    -- Numbers the person does not have yet, in the file's order.
    phones text [],
    -- Of a new person: what the triggers on debts would come to.
    open_cents bigint,
    open_debts int,
    oldest_due_on date,
    creditor_ids uuid []
);
create type private.planned_debt as (
    -- new, changed, returned (absent from the file), or reopened (named again).
    action text,
    debt_id uuid,
    client_id uuid,
    creditor_id uuid,
    contract text,
    installment int,
    due_on date,
    principal_cents bigint
);

create table private.import_plans (
    import_id uuid not null,
    tenant_id uuid not null,
    -- The transaction that is writing for it at this moment.
    writer xid8,
    -- A dry run: its chunks are counted (0451_chunk_changes), and all of it is taken back.
    is_rehearsal boolean not null,
    -- How often a transaction was begun for the next chunk: one that can never be written would
    -- otherwise be tried for ever. Committed before the try.
    attempts int not null default 0,
    -- New ones, made with the first chunk: [{"id", "name"}].
    creditors jsonb not null,
    -- Whose file it is, if the caller said; to be known at the end also when it is new now.
    creditor text,
    -- What a person said about the columns, saved when all went well.
    mapping jsonb not null,
    header text[] not null,
    header_key text,
    -- What reading it found; lines of the file.
    rows int not null,
    accepted int not null,
    rejected int not null,
    duplicates int not null,
    reject_reasons jsonb not null,
    warnings jsonb not null,
    debts_absent int not null,
    debts_kept jsonb not null default '{}',
    -- The first of them, with what the file says otherwise.
    kept_titles jsonb not null default '[]',
    -- What the chunks have written so far. A line that changes nothing is written from the start.
    rows_written int not null,
    creditors_created int not null default 0,
    clients_created int not null default 0,
    clients_updated int not null default 0,
    debts_created int not null default 0,
    debts_updated int not null default 0,
    debts_returned int not null default 0,
    debts_reopened int not null default 0,
    clients_touched int not null default 0,
    -- {"table.field": rows}, and the first changed rows with before and after.
    changed_fields jsonb not null default '{}',
    changed_rows jsonb not null default '[]',
    -- For the rate: when the writing began or went on, and what was written by then.
    begun_at timestamptz,
    begun_rows int not null default 0,
    constraint import_plans_pkey primary key (import_id),
    constraint import_plans_tenant_id_key unique (tenant_id, import_id),
    constraint import_plans_import_fkey foreign key (tenant_id, import_id)
    references public.imports (tenant_id, id) on delete cascade
);
comment on table private.import_plans is 'Imports that are not finished, and what they came to.';

alter table private.import_plans enable row level security;
alter table private.import_plans force row level security;

create table private.import_chunks (
    import_id uuid not null,
    tenant_id uuid not null,
    -- The order in which they are written.
    place int not null,
    -- Lines of the file in it.
    rows int not null,
    clients private.planned_client[] not null,
    debts private.planned_debt[] not null,
    constraint import_chunks_pkey primary key (import_id, place),
    constraint import_chunks_plan_fkey foreign key (tenant_id, import_id)
    references private.import_plans (tenant_id, import_id) on delete cascade
);
comment on table private.import_chunks is 'People and debts that wait to be written, by document.';
create index import_chunks_of_tenant on private.import_chunks (tenant_id, import_id);
-- Read once and soon: compressing them costs more than the bytes.
alter table private.import_chunks alter column clients set storage external;
alter table private.import_chunks alter column debts set storage external;

alter table private.import_chunks enable row level security;
alter table private.import_chunks force row level security;
