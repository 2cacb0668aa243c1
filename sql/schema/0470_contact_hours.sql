-- When a debtor may be contacted: law, so data. Default is the São Paulo rule (Lei 15.426/2014),
-- the strictest written one that also fits states without any: Mon–Fri 8–20, Sat 8–14, never on
-- Sundays or holidays, in the debtor's local time. A row with a `uf` replaces the default there.
create table private.calling_windows (
    uf text,
    -- ISO: 1 Monday … 7 Sunday. A day without a row is closed.
    weekday smallint not null,
    opens time not null,
    closes time not null,
    constraint calling_windows_are_unique unique nulls not distinct (uf, weekday, opens),
    constraint calling_windows_weekday_is_iso check (weekday between 1 and 7),
    constraint calling_windows_open_before_close check (opens < closes)
);
comment on table private.calling_windows is 'Lawful hours of contact by weekday and uf.';

insert into private.calling_windows (uf, weekday, opens, closes)
values
(null, 1, '08:00', '20:00'), (null, 2, '08:00', '20:00'), (null, 3, '08:00', '20:00'),
(null, 4, '08:00', '20:00'), (null, 5, '08:00', '20:00'), (null, 6, '08:00', '14:00');

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
