-- When a debtor may be contacted: law, so data. Default is the São Paulo rule, which also fits
-- states without any: Mon–Fri 8–20, Sat 8–14, never on Sundays or holidays, in the debtor's local
-- time. A state with rows of its own has no other hours.
create table private.calling_windows (
    uf text,
    -- ISO: 1 Monday … 7 Sunday. A day without a row is closed.
    weekday smallint not null,
    opens time not null,
    closes time not null,
    -- The law, and how surely it says so: who reads a stricter text enters it here.
    source text not null,
    constraint calling_windows_are_unique unique nulls not distinct (uf, weekday, opens),
    constraint calling_windows_weekday_is_iso check (weekday between 1 and 7),
    constraint calling_windows_open_before_close check (opens < closes)
);
comment on table private.calling_windows is 'Lawful hours of contact by weekday and uf.';

insert into private.calling_windows (uf, weekday, opens, closes, source)
select
    law.uf,
    days.weekday,
    law.opens,
    law.closes,
    law.source
from (
    values
    (null, 1, 5, '08:00'::time, '20:00'::time, 'hours of SP Lei 15.426/2014'),
    (null, 6, 6, '08:00', '14:00', 'hours of SP Lei 15.426/2014'),
    ('SP', 1, 5, '08:00', '20:00', 'Lei 15.426/2014, consolidated by Lei 17.832/2023'),
    ('SP', 6, 6, '08:00', '14:00', 'Lei 15.426/2014, consolidated by Lei 17.832/2023'),
    ('AL', 1, 5, '08:00', '20:00', 'Lei 7.782/2016, text messages included'),
    ('AL', 6, 6, '08:00', '14:00', 'Lei 7.782/2016, text messages included'),
    -- The three below are told by efic.com.br, not read in the law; each takes the narrower
    -- reading.
    ('RJ', 1, 5, '09:00', '19:00', 'Lei 6.854/2014, changed by Lei 7.868/2018; second-hand'),
    ('ES', 1, 5, '08:00', '19:00', 'Lei 10.626/2017; second-hand'),
    ('AM', 1, 5, '08:00', '19:00', 'Lei 306/2016, which names only the end; second-hand')
) as law (uf, from_day, to_day, opens, closes, source)
cross join lateral generate_series(law.from_day, law.to_day) as days (weekday);

create table private.holidays (
    name text not null,
    -- Null: the whole country.
    uf text,
    month smallint,
    day smallint,
    -- Movable feasts: days from Easter Sunday.
    easter_offset smallint,
    constraint holidays_are_unique unique nulls not distinct (uf, name),
    constraint holidays_fixed_or_movable check (
        (month is not null and day is not null) = (easter_offset is null)
    )
);
comment on table private.holidays is 'National and state holidays, fixed or counted from Easter.';

insert into private.holidays (name, month, day, easter_offset)
values
('Confraternização Universal', 1, 1, null), ('Paixão de Cristo', null, null, -2),
('Tiradentes', 4, 21, null), ('Dia do Trabalho', 5, 1, null),
('Independência do Brasil', 9, 7, null), ('Nossa Senhora Aparecida', 10, 12, null),
('Finados', 11, 2, null), ('Proclamação da República', 11, 15, null),
('Consciência Negra', 11, 20, null), ('Natal', 12, 25, null);

-- States away from Brasília's hour; all others keep America/Sao_Paulo (no DST since 2019).
create table private.uf_time_zones (
    uf text not null,
    time_zone text not null,
    constraint uf_time_zones_pkey primary key (uf)
);
insert into private.uf_time_zones (uf, time_zone)
values
('AC', 'America/Rio_Branco'), ('AM', 'America/Manaus'), ('MT', 'America/Cuiaba'),
('MS', 'America/Campo_Grande'), ('RO', 'America/Porto_Velho'), ('RR', 'America/Boa_Vista');

-- The plan of Brazil's 67 area codes (Anatel). A number moved to another state keeps its code: the
-- address, where it is known, decides.
create table private.area_codes (
    area_code text not null,
    uf text not null,
    constraint area_codes_pkey primary key (area_code)
);
comment on table private.area_codes is 'State of each area code, for clients without an address.';
insert into private.area_codes (area_code, uf)
select
    unnest(string_to_array(plan.codes, ' ')) as area_code,
    plan.uf
from (
    values
    ('SP', '11 12 13 14 15 16 17 18 19'), ('RJ', '21 22 24'), ('ES', '27 28'),
    ('MG', '31 32 33 34 35 37 38'), ('PR', '41 42 43 44 45 46'), ('SC', '47 48 49'),
    ('RS', '51 53 54 55'), ('DF', '61'), ('GO', '62 64'), ('TO', '63'), ('MT', '65 66'),
    ('MS', '67'), ('AC', '68'), ('RO', '69'), ('BA', '71 73 74 75 77'), ('SE', '79'),
    ('PE', '81 87'), ('AL', '82'), ('PB', '83'), ('RN', '84'), ('CE', '85 88'), ('PI', '86 89'),
    ('PA', '91 93 94'), ('AM', '92 97'), ('RR', '95'), ('AP', '96'), ('MA', '98 99')
) as plan (uf, codes);

alter table private.area_codes enable row level security;
alter table private.area_codes force row level security;
alter table private.calling_windows enable row level security;
alter table private.calling_windows force row level security;
alter table private.holidays enable row level security;
alter table private.holidays force row level security;
alter table private.uf_time_zones enable row level security;
alter table private.uf_time_zones force row level security;

-- Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, ch. 8).
create function private.easter(year int) returns date
language plpgsql
immutable
set search_path = ''
as $$
declare
    a int := year % 19;
    b int := year / 100;
    c int := year % 100;
    h int := (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    l int := (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    m int := (a + 11 * h + 22 * l) / 451;
begin
    return make_date(year, (h + l - 7 * m + 114) / 31, (h + l - 7 * m + 114) % 31 + 1);
end;
$$;
