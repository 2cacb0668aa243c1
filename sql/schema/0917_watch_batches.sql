-- Looks after bulk sends every minute, whether anybody works or not: starts what is due, gives back
-- what a dead worker held, ends what nobody will ever know, and says so when nothing moves.
create function private.watch_batches() returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- Receipts arrive within seconds; the slowest seen by providers is minutes.
    c_wait_for_receipts constant interval := interval '15 minutes';
    -- Two sweeps and the longest pause of a retry; longer is no hiccup.
    c_no_progress constant interval := interval '5 minutes';
    -- A worker gives back what it held within its lease of a minute.
    c_cancelled_lately constant interval := interval '1 hour';
    v_batch record;
begin
    perform private.move_batch(batch.id, 'sending')
    from public.message_batches as batch
    where batch.status = 'scheduled' and batch.scheduled_at <= private.now();
    perform private.recover_leases();
    perform private.drop_waiting(batch.id)
    from public.message_batches as batch
    where batch.status = 'cancelled' and batch.finished_at > private.now() - c_cancelled_lately
      and exists (
          select from public.batch_recipients as recipient
          where recipient.batch_id = batch.id and recipient.status = 'waiting'
      );
    perform private.advance_message(
        late.id, 'failed', private.now(), error_code => 'outcome_unknown'
    )
    from (
        select message.id
        from public.message_logs as message
        where message.batch_id is not null and message.status = 'unknown'
          and message.sending_at <= private.now() - c_wait_for_receipts
        order by message.id
        limit 1000
        for update skip locked
    ) as late;
    perform private.fold_batch_counts();

    for v_batch in
        select batch.id, batch.tenant_id
        from public.message_batches as batch
        where batch.status = 'sending'
          and coalesce(batch.last_progress_at, batch.started_at) < private.now() - c_no_progress
          and batch.alerted_at is null
          -- A number serves its oldest batch first: who is behind it waits for its turn.
          and not exists (
              select from public.message_batches as ahead
              where ahead.tenant_id = batch.tenant_id and ahead.sender_id = batch.sender_id
                and ahead.status = 'sending' and ahead.created_at < batch.created_at
                and ahead.last_progress_at >= private.now() - c_no_progress
          )
          and exists (
              select from public.batch_recipients as recipient
              where recipient.batch_id = batch.id and recipient.status = 'waiting'
                and recipient.not_before < private.now() + case
                    when recipient.reason in ('outside_hours', 'attempt_cap') then - c_no_progress
                    -- Put back again and again, its time is always near.
                    else c_no_progress
                end
          )
    loop
        update public.message_batches as batch set alerted_at = private.now()
        where batch.id = v_batch.id;
        perform private.tell_supervisors(
            v_batch.tenant_id, 'batch_stalled', jsonb_build_object('batch_id', v_batch.id)
        );
    end loop;
    -- It moves again: the next standstill is told again.
    update public.message_batches as batch set alerted_at = null
    where batch.status = 'sending' and batch.last_progress_at > batch.alerted_at;
    if private.batch_pause() < 60 then
        perform private.wake_function('send-notifications');
    end if;
end;
$$;

select cron.schedule('watch-batches', '* * * * *', 'select private.watch_batches()');

-- A provider's "no WhatsApp here" has had its time.
create function private.forgive_numbers() returns void
language sql
security definer
set search_path = ''
as $$
    update public.client_phones as known set has_whatsapp = null, whatsapp_retry_at = null
    where known.whatsapp_retry_at <= private.now()
$$;

select cron.schedule('forgive-numbers', '17 5 * * *', 'select private.forgive_numbers()');
