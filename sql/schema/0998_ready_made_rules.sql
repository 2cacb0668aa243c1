-- The five rules that come with every agency, off: what most do after each of the five outcomes.
-- Each is an ordinary rule that may be changed, and is seen dry before it is on.
create function private.ship_rules(tenant_id uuid) returns void
language sql
security definer
set search_path = ''
as $$
    with shipped as (
        insert into public.collection_rules (
            tenant_id, kit, name, trigger, disposition_type, event, repeat_days
        )
        select ship_rules.tenant_id, kit.key, kit.name, kit.trigger::public.rule_trigger,
            kit.disposition_type, kit.event, kit.repeat_days
        from (
            values
            -- One reminder a day, however often the voicemail answers.
            ('voicemail', 'Caixa Postal: lembrete por WhatsApp e nova ligação em 4 horas',
                'disposition', 'voicemail', null, 1),
            ('dropped', 'Ligação Interrompida: ligar de novo em 10 minutos',
                'disposition', 'dropped', null, null),
            ('wrong_contact', 'Contato Incorreto: quarentena do número e próximo telefone',
                'disposition', 'wrong_contact', null, null),
            ('callback', 'Retornar Ligação: lembrar o operador na hora combinada',
                'disposition', 'callback', null, null),
            ('negotiate', 'Negociar: link de pagamento quando o acordo é aprovado',
                'agreement_event', null, 'approved', null)
        ) as kit (key, name, trigger, disposition_type, event, repeat_days)
        on conflict on constraint collection_rules_one_of_each_kit do nothing
        returning id, tenant_id, kit
    )
    insert into public.rule_steps (
        tenant_id, rule_id, position, action, wait_minutes, settings
    )
    select shipped.tenant_id, shipped.id, step.position, step.action::public.rule_action,
        step.wait_minutes, step.settings::jsonb
    from (
        values
        ('voicemail', 1, 'send_template', 0, '{}'),
        ('voicemail', 2, 'send_to_dialer', 240, '{"campaign_id": null, "max_attempts": 3}'),
        -- Its operator's for five minutes: who was cut off expects the same voice.
        ('dropped', 1, 'schedule_callback', 0,
            '{"minutes": 10, "who": "personal", "release_minutes": 5}'),
        ('wrong_contact', 1, 'quarantine_phone', 0, '{"days": null}'),
        ('wrong_contact', 2, 'send_to_dialer', 0, '{"campaign_id": null, "max_attempts": 3}'),
        ('callback', 1, 'schedule_callback', 0,
            '{"minutes": null, "who": "personal", "release_minutes": 15}'),
        ('negotiate', 1, 'create_charge', 0, '{"method": null}')
    ) as step (kit, position, action, wait_minutes, settings)
    join shipped on shipped.kit = step.kit
$$;

create function private.tg_tenants__rules() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform private.ship_rules(new.id);
    return null;
end;
$$;
create trigger _210_ship_rules after insert on public.tenants
for each row execute function private.tg_tenants__rules();
