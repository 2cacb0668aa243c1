-- Whoever owes nothing any more is left in peace at once: what was queued for them is skipped now,
-- not when its turn comes. (A run already being sent is asked again by its own claim.) What speaks
-- of having paid still does: it is the payment itself that ends the debt.
create function private.tg_clients__leave_collection() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.finish_run(run.id, 'skipped', 'nothing_owed')
    from (
        -- Grouped, not joined: a plan made for a statement of no rows, which is the next one's too,
        -- would compare each row with each.
        select moved.tenant_id, moved.id
        from (
            select new_rows.tenant_id, new_rows.id from new_rows where new_rows.open_debts = 0
            union all
            select old_rows.tenant_id, old_rows.id from old_rows where old_rows.open_debts > 0
        ) as moved
        group by moved.tenant_id, moved.id
        having count(*) = 2
    ) as became
    join public.automation_runs as run
        on run.tenant_id = became.tenant_id and run.client_id = became.id
        and run.status = 'queued'
    join public.collection_rules as rule on rule.id = run.rule_id
    where rule.trigger <> 'payment_event' and rule.event is distinct from 'settled';
    return null;
end;
$$;

create trigger _400_leave_collection after update on public.clients
referencing old table as old_rows new table as new_rows for each statement
execute function private.tg_clients__leave_collection();
