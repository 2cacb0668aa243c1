-- Business days: when a due date that falls on a Sunday or a holiday really is (Civil Code 132 §1,
-- Lei 7.089/83). Everything takes its day as an argument.

-- The states' own days (one civil holiday each, Lei 9.093/95, where the state has made one).
insert into private.holidays (name, uf, month, day, easter_offset)
values
('Aniversário do Acre', 'AC', 6, 15, null), ('Emancipação de Alagoas', 'AL', 9, 16, null),
('Criação do Território', 'AP', 9, 13, null), ('Província do Amazonas', 'AM', 9, 5, null),
('Independência da Bahia', 'BA', 7, 2, null), ('Data Magna do Ceará', 'CE', 3, 25, null),
('Nossa Senhora da Penha', 'ES', null, null, 8), ('Adesão do Maranhão', 'MA', 7, 28, null),
('Criação do Estado', 'MS', 10, 11, null), ('Adesão do Pará', 'PA', 8, 15, null),
('Fundação do Estado', 'PB', 8, 5, null), ('Revolução Pernambucana', 'PE', 3, 6, null),
('Dia do Piauí', 'PI', 10, 19, null), ('São Jorge', 'RJ', 4, 23, null),
('Mártires de Cunhaú e Uruaçu', 'RN', 10, 3, null), ('Revolução Farroupilha', 'RS', 9, 20, null),
('Criação do Estado', 'RO', 1, 4, null), ('Criação do Estado', 'RR', 10, 5, null),
('Revolução Constitucionalista', 'SP', 7, 9, null), ('Emancipação de Sergipe', 'SE', 7, 8, null),
('Criação do Estado', 'TO', 10, 5, null);

create function private.is_business_day(tenant_id uuid, uf text, day date) returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_month int := extract(month from day);
    v_day int := extract(day from day);
    v_since_easter int := day - private.easter(extract(year from day)::int);
begin
    return extract(isodow from day) < 6
        -- The banks' days: Carnival Monday and Tuesday, Corpus Christi.
        and v_since_easter not in (-48, -47, 60)
        and not exists (
            select from private.holidays
            where (holidays.uf is null or holidays.uf = is_business_day.uf)
              and (holidays.easter_offset = v_since_easter
                  or (holidays.month = v_month and holidays.day = v_day))
              -- Consciência Negra is national since 2024 (Lei 14.759/2023).
              and not (v_month = 11 and v_day = 20 and is_business_day.day < '2024-01-01')
        )
        and not exists (
            select from public.tenant_holidays
            where tenant_holidays.tenant_id = is_business_day.tenant_id
              and tenant_holidays.day = is_business_day.day
              and tenant_holidays.revoked_at is null
        );
end;
$$;

create function private.next_business_day(
    tenant_id uuid, uf text, day date, rule public.due_rule default 'following'
) returns date
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_day date := day;
    v_step int := case rule when 'following' then 1 when 'preceding' then -1 else 0 end;
begin
    while v_step <> 0 and not private.is_business_day(tenant_id, uf, v_day) loop
        v_day := v_day + v_step;
    end loop;
    return v_day;
end;
$$;
comment on function private.next_business_day(uuid, text, date, public.due_rule) is
'The day itself when it is a business day, else the next one in the rule''s direction.';

create function private.add_business_days(tenant_id uuid, uf text, day date, days int)
returns date
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_day date := day;
begin
    for i in 1..days loop
        v_day := private.next_business_day(tenant_id, uf, v_day + 1);
    end loop;
    return v_day;
end;
$$;

-- Grows with every change a tenant makes to its own days; calculations name it.
create function private.calendar_version(tenant_id uuid) returns int
language sql
stable
security definer
set search_path = ''
as $$
    select (count(*) + count(tenant_holidays.revoked_at))::int
    from public.tenant_holidays
    where tenant_holidays.tenant_id = calendar_version.tenant_id
$$;
