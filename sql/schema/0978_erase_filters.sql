-- Somebody looked for the person by name or document, and the words were kept: in a saved filter,
-- in a bulk send, in a list for the dialer, in a rule and its versions, and in the audit of what
-- was exported or changed for a whole selection. They become the document that the person has when
-- nobody, so that a filter goes on finding the one it found. Only the whole name, document or
-- number is the person's: part of a name is many people's, and whoever keeps such a filter goes on
-- finding the others.
create function private.unnamed_filter(filter jsonb, person private.person) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select case
        when private.search_key(filter ->> 'q') = private.search_key((person).name)
            or exists (
                select from unnest((person).needles) as needle
                where strpos(
                    regexp_replace(upper(filter ->> 'q'), '[^0-9A-Z]', '', 'g'), needle
                ) > 0
            )
            then jsonb_set(filter, '{q}', to_jsonb(private.nobodys_document((person).client_id)))
        else filter
    end
$$;

create function private.erase_from_filters(person private.person) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_rows bigint;
    v_sum bigint;
begin
    update public.segments as kept set filter = private.unnamed_filter(kept.filter, person)
    where kept.tenant_id = (person).tenant_id and kept.filter ? 'q'
      and private.unnamed_filter(kept.filter, person) <> kept.filter;
    get diagnostics v_sum = row_count;
    update public.message_batches as kept set selection = private.unnamed_image(selection, person)
    where kept.tenant_id = (person).tenant_id
      and private.unnamed_image(kept.selection, person) <> kept.selection;
    get diagnostics v_rows = row_count;
    v_sum := v_sum + v_rows;
    update public.dialer_exports as kept set selection = private.unnamed_image(selection, person)
    where kept.tenant_id = (person).tenant_id
      and private.unnamed_image(kept.selection, person) <> kept.selection;
    get diagnostics v_rows = row_count;
    v_sum := v_sum + v_rows;
    -- A rule goes on finding whom it found; its version is the same, for nobody edited it.
    update public.collection_rules as kept set filter = private.unnamed_filter(kept.filter, person)
    where kept.tenant_id = (person).tenant_id and kept.filter ? 'q'
      and private.unnamed_filter(kept.filter, person) <> kept.filter;
    get diagnostics v_rows = row_count;
    v_sum := v_sum + v_rows;
    update public.rule_versions as kept
    set definition = private.unnamed_image(kept.definition, person)
    where kept.tenant_id = (person).tenant_id
      and private.unnamed_image(kept.definition, person) <> kept.definition;
    get diagnostics v_rows = row_count;
    v_sum := v_sum + v_rows;
    -- The line of a segment that was named so, and of a selection: what 0062 and 0868 write, found
    -- by their index, for an agency's audit is long.
    update public.audit_log as kept
    set before = private.unnamed_image(kept.before, person),
        after = private.unnamed_image(kept.after, person)
    where kept.tenant_id = (person).tenant_id
      and (
          kept.table_name = 'clients' and kept.row_id in ('assign', 'export', 'tag', 'untag')
          or kept.table_name in (
              'segments', 'message_batches', 'dialer_exports', 'collection_rules'
          )
      )
      and (private.unnamed_image(kept.before, person) <> kept.before
          or private.unnamed_image(kept.after, person) <> kept.after);
    get diagnostics v_rows = row_count;
    return v_sum + v_rows;
end;
$$;

-- {filter} of a segment, {selection: {filter}} of what was done to one.
create function private.unnamed_image(image jsonb, person private.person) returns jsonb
language sql
immutable
set search_path = ''
as $$
    select case
        when image #> '{selection,filter}' ? 'q' then jsonb_set(
            image, '{selection,filter}',
            private.unnamed_filter(image #> '{selection,filter}', person)
        )
        when image -> 'filter' ? 'q' then jsonb_set(
            image, '{filter}', private.unnamed_filter(image -> 'filter', person)
        )
        else image
    end
$$;
