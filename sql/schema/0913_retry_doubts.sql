-- Of some messages nobody will ever know whether they went out: a worker died in the middle, a
-- provider never answered. They are never sent again by themselves, because exactly once is the
-- default; a supervisor may prefer that somebody reads it twice to that somebody never does, for
-- one person or for all, says so, and is in the log with it.
create function private.retry_doubtful_messages(
    batch_id uuid, client_ids uuid[], accepts_doubles boolean
) returns int
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('supervisor');
    v_batch public.message_batches;
    v_people uuid[];
begin
    select * into v_batch from public.message_batches as batch
    where batch.tenant_id = v_tenant_id and batch.id = retry_doubtful_messages.batch_id
    for update;
    if not found then
        raise exception 'batch_not_found' using errcode = 'PT404',
            detail = 'no such bulk send here';
    elsif accepts_doubles is not true then
        raise exception 'doubles_not_accepted' using errcode = 'PT400',
            detail = 'some of these people may get it twice';
    elsif v_batch.status not in ('sending', 'paused', 'done') then
        raise exception 'batch_not_movable' using errcode = 'PT409',
            detail = 'nothing was sent of it';
    end if;
    with old as (
        update public.message_logs as message
        set retried_batch_id = message.batch_id, batch_id = null
        where message.tenant_id = v_tenant_id and message.batch_id = v_batch.id
          and message.status = 'failed' and message.error_code = 'outcome_unknown'
          and (retry_doubtful_messages.client_ids is null
              or message.client_id = any(retry_doubtful_messages.client_ids))
          and private.sees_client(message.client_id)
        returning message.client_id
    ),
    again as (
        update public.batch_recipients as recipient
        set status = 'waiting', reason = 'retried', failures = 0, message_id = null,
            not_before = private.now()
        from old
        where recipient.batch_id = v_batch.id and recipient.client_id = old.client_id
        returning recipient.client_id
    )
    select coalesce(array_agg(again.client_id), '{}') into v_people from again;
    if cardinality(v_people) > 0 then
        perform private.note_act(
            v_tenant_id, 'update', 'message_batches', v_batch.id::text,
            jsonb_build_object('doubtful_sent_again', to_jsonb(v_people))
        );
        if v_batch.status = 'done' then
            perform private.move_batch(v_batch.id, 'sending');
        elsif v_batch.status = 'sending' then
            perform private.wake_function('send-notifications');
        end if;
    end if;
    perform private.fold_batch_counts();
    return cardinality(v_people);
end;
$$;

create function public.retry_doubtful_messages(
    batch_id uuid, client_ids uuid[] default null, accepts_doubles boolean default false
) returns int
language sql
set search_path = ''
set statement_timeout = '5min'
as $$ select private.retry_doubtful_messages(batch_id, client_ids, accepts_doubles) $$;
comment on function public.retry_doubtful_messages(uuid, uuid[], boolean) is
'Supervisor: sends again to whom nobody knows whether it arrived, or to these of them, knowing that
some may get it twice → how many.';

grant execute on function
private.retry_doubtful_messages(uuid, uuid[], boolean),
public.retry_doubtful_messages(uuid, uuid[], boolean)
to authenticated;
