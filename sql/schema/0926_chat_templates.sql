-- The approved templates that may open a talk again, as its person would read them, and what each
-- costs today.
create function private.conversation_templates(conversation_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- A tenant has dozens; a list for choosing from needs no second page.
    c_listed constant int := 100;
    v_tenant_id uuid := private.require_role('operator');
    v_talk public.conversations;
    v_message public.message_logs;
    v_template record;
    v_plan private.message_plan;
    v_rate private.rate;
    v_listed jsonb := '[]';
begin
    select * into v_talk from public.conversations as talk
    where talk.tenant_id = v_tenant_id and talk.id = conversation_templates.conversation_id;
    if not found then
        raise exception 'conversation_not_found' using errcode = 'PT404',
            detail = 'no such conversation in the tenant';
    end if;
    v_message.conversation_id := v_talk.id;
    v_message.created_by := auth.uid();
    for v_template in
        select template.id, template.name, template.category, template.provider
        from public.message_templates as template
        join public.senders as sender
            on sender.id = v_talk.sender_id and private.fits_sender(template, sender)
        where template.tenant_id = v_tenant_id and template.status = 'approved'
          -- Those bring a charge, which the chat sends by itself.
          and not exists (
              select from unnest(template.variables) as named (variable)
              where named.variable like 'charge.%'
          )
        order by template.name, template.id
        limit c_listed
    loop
        v_message.template_id := v_template.id;
        v_plan := private.plan_chat_message(v_message);
        v_rate := private.rate_of(
            v_tenant_id, v_template.provider, v_template.category, private.today(v_tenant_id)
        );
        v_listed := v_listed || jsonb_build_object(
            'id', v_template.id, 'name', v_template.name, 'category', v_template.category,
            'body', v_plan.body,
            'reason', case when v_plan.verdict = 'refuse' then v_plan.reason end,
            'next_allowed_at', case when v_plan.verdict = 'refuse' then v_plan.not_before end,
            'cost', case when v_rate.currency is not null then jsonb_build_object(
                'currency', v_rate.currency, 'is_own', v_rate.is_own,
                'price_micros', case when v_rate.is_free_in_window
                    and private.window_until(v_talk) > private.now() then 0
                    else v_rate.price_micros end
            ) end
        );
    end loop;
    return v_listed;
end;
$$;

create function public.conversation_templates(conversation_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.conversation_templates(private.seen('conversations', conversation_id)) $$;
comment on function public.conversation_templates(uuid) is
'[{id, name, category, body, reason, next_allowed_at, cost: {currency, price_micros, is_own}}].';
grant execute on function
private.conversation_templates(uuid), public.conversation_templates(uuid)
to authenticated;
