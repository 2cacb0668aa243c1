-- In which words a rule speaks: what a rehearsal has shown besides the rule itself. Who edits a
-- template edits every rule that sends it: one that is off wants to be seen anew before it is
-- switched on; one that is on goes on, because a provider approved the text, and people are told.

-- The texts of a rule's messages as they stand, as one word; null: it sends none.
create function private.wording_of(rule_id uuid, version int) returns text
language sql
stable
security definer
set search_path = ''
as $$
    select md5(string_agg(concat_ws(
        e'\n', text.id, text.language, text.category, text.body, text.variables::text,
        text.header_type, text.header_link, text.header_name
    ), e'\n' order by text.id))
    from (
        select distinct template.*
        from public.rule_steps as step
        join public.message_templates as template
            on template.tenant_id = step.tenant_id and case step.action
                when 'send_template' then template.id = step.template_id
                -- Which of them brings a charge is known when the charge is (0691).
                when 'create_charge' then exists (
                    select from unnest(template.variables) as variable
                    where variable like 'charge.%'
                )
            end
        where step.rule_id = wording_of.rule_id and step.version = wording_of.version
    ) as text
$$;

-- Somebody could have seen what it does as it stands now, in its present words.
create function private.is_rehearsed(rule public.collection_rules) returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select from public.rule_dry_runs as seen
        where seen.tenant_id = (rule).tenant_id and seen.rule_id = (rule).id
          and seen.version = (rule).version
          and seen.wording is not distinct from private.wording_of((rule).id, (rule).version)
    )
$$;

create function private.tg_message_templates__tell_rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.notifications (tenant_id, user_id, kind, payload)
    select rule.tenant_id, member.user_id, 'rule_notice', jsonb_build_object(
        'rule_id', rule.id, 'rule', rule.name, 'template', edited.name, 'count', 1
    )
    from new_rows as edited
    join old_rows as was on was.id = edited.id
    join public.rule_steps as step
        on step.tenant_id = edited.tenant_id and step.template_id = edited.id
    join public.collection_rules as rule
        on rule.id = step.rule_id and rule.version = step.version and rule.is_enabled
    join public.memberships as member
        on member.tenant_id = rule.tenant_id and member.revoked_at is null
        and member.role >= 'supervisor'
    where (was.body, was.variables, was.header_link)
          is distinct from (edited.body, edited.variables, edited.header_link)
      -- Who edited it knows.
      and member.user_id is distinct from auth.uid()
      and not exists (
          select from public.notifications as told
          where told.tenant_id = rule.tenant_id and told.user_id = member.user_id
            and told.kind = 'rule_notice' and told.read_at is null
            and told.payload ->> 'rule_id' = rule.id::text
            and told.payload ->> 'template' = edited.name
      )
    group by rule.tenant_id, member.user_id, rule.id, rule.name, edited.name;
    return null;
end;
$$;

create trigger _300_tell_rules after update on public.message_templates
referencing old table as old_rows new table as new_rows
for each statement execute function private.tg_message_templates__tell_rules();
