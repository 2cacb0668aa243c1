-- What the page of WhatsApp settings reads beside plain tables: templates with what keeps each
-- from being sent, prices with those of the published list, canned replies as a debtor reads them.
create function private.list_templates(search text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Meta allows 6,000; whoever has more than this looks for one by its name.
    c_most constant int := 200;
    v_tenant_id uuid := private.require_role('operator');
    v_words text := lower(btrim(coalesce(search, '')));
begin
    return (
        select jsonb_build_object(
            'rows', coalesce(jsonb_agg(to_jsonb(listed) - 'place' order by listed.place)
                filter (where listed.place <= c_most), '[]'),
            'has_more', count(*) > c_most
        )
        from (
            select template.id, template.provider, template.account, template.name,
                template.language,
                template.category, template.body, template.variables, template.status,
                template.provider_status, template.header_type, template.header_link,
                template.header_name, template.synced_at,
                private.template_obstacle(template) as obstacle,
                array(
                    select sender.id from public.senders as sender
                    where sender.tenant_id = v_tenant_id
                      and private.fits_sender(template, sender)
                    order by sender.id
                ) as sender_ids,
                row_number() over (order by template.name, template.language, template.id)
                as place
            from public.message_templates as template
            where template.tenant_id = v_tenant_id and template.channel = 'whatsapp'
              and position(v_words in lower(template.name || ' ' || template.body)) > 0
            order by template.name, template.language, template.id
            limit c_most + 1
        ) as listed
    );
end;
$$;

create function public.list_templates(search text default '') returns jsonb
language sql
stable
set search_path = ''
as $$ select private.list_templates(search) $$;
comment on function public.list_templates(text) is
'{rows: [{id, provider, account, name, language, category, body, variables, status, provider_status,
header_type, header_link, header_name, synced_at, obstacle, sender_ids}], has_more}; obstacle as in
private.template_obstacle, sender_ids: the numbers that may send it.';

create function private.rate_card() returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    -- Four categories of two providers, changed every month for five years.
    c_most constant int := 500;
    v_tenant_id uuid := private.require_role('operator');
    v_today date := private.today(v_tenant_id);
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
            'provider', price.provider, 'category', price.category, 'currency', price.currency,
            'price_micros', price.price_micros, 'is_free_in_window', price.is_free_in_window,
            'valid_from', price.valid_from, 'is_own', price.is_own, 'source', price.source,
            'is_current', price.valid_from = (now_valid.rate).valid_from
                and price.is_own = (now_valid.rate).is_own
        ) order by price.provider, price.category, price.valid_from desc, price.is_own desc), '[]')
        from (
            select rate.provider, rate.category, rate.currency, rate.price_micros,
                rate.is_free_in_window, rate.valid_from, true as is_own, null as source
            from public.rate_cards as rate where rate.tenant_id = v_tenant_id
            union all
            select rate.provider, rate.category, rate.currency, rate.price_micros,
                rate.is_free_in_window, rate.valid_from, false, rate.source
            from private.published_rates as rate
            order by valid_from desc
            limit c_most
        ) as price
        cross join lateral (
            select private.rate_of(v_tenant_id, price.provider, price.category, v_today) as rate
        ) as now_valid
    );
end;
$$;

create function public.rate_card() returns jsonb
language sql
stable
set search_path = ''
as $$ select private.rate_card() $$;
comment on function public.rate_card() is
'[{provider, category, currency, price_micros, is_free_in_window, valid_from, is_own, is_current,
source}]: own prices and published ones, newest first.';

-- A canned reply names the same fields as a template, by name: {{client.first_name}}. Not those of
-- a charge: the charge goes out by its own button.
create function private.reply_variables(body text) returns text[]
language sql
immutable
set search_path = ''
as $$
    select coalesce(array_agg(distinct found.word[1]), '{}')
    from regexp_matches(reply_variables.body, '\{\{([^{}]*)\}\}', 'g') as found (word)
$$;
-- A check runs with the rights of whoever writes the row.
grant execute on function private.reply_variables(text) to authenticated;

alter table public.canned_replies
add constraint canned_replies_variables_are_known check (
    private.are_template_variables(private.reply_variables(body))
    and '' <> all(private.reply_variables(body))
    and body !~ '\{\{charge\.'
);

create function private.render_canned_reply(reply_id uuid, client_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_tenant_id uuid := private.require_role('operator');
    v_body text := (
        select reply.body from public.canned_replies as reply
        where reply.tenant_id = v_tenant_id and reply.id = render_canned_reply.reply_id
    );
    v_names text[] := private.reply_variables(v_body);
    v_values text[];
begin
    if v_body is null then
        raise exception 'canned_reply_not_found' using errcode = 'PT404',
            detail = 'no such canned reply in the tenant';
    end if;
    perform private.require_client(v_tenant_id, client_id);
    v_values := private.template_values(client_id, v_names, scope => private.creditor_scope());
    for i in 1 .. cardinality(v_names) loop
        -- What is not known stays a gap that the person sees and fills.
        v_body := replace(v_body, '{{' || v_names[i] || '}}', coalesce(v_values[i], '…'));
    end loop;
    return jsonb_build_object('body', v_body, 'missing', (
        select coalesce(jsonb_agg(v_names[place]), '[]')
        from generate_subscripts(v_names, 1) as place where v_values[place] is null
    ));
end;
$$;

create function public.render_canned_reply(reply_id uuid, client_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$ select private.render_canned_reply(reply_id, private.seen('clients', client_id)) $$;
comment on function public.render_canned_reply(uuid, uuid) is
'{body, missing}: missing names the fields this client has no value for; they read "…".';

grant execute on function
private.list_templates(text), public.list_templates(text), private.rate_card(),
public.rate_card(), private.render_canned_reply(uuid, uuid),
public.render_canned_reply(uuid, uuid)
to authenticated;
