"""Cells as agencies really send them: right ones, damaged ones, and plain rubbish."""

import datetime

from hypothesis import strategies as st

from tests.portfolio import reference

digits = "0123456789"


def damaged(cells: st.SearchStrategy[str], rubbish: str) -> st.SearchStrategy[str]:
    """A cell as it is, padded, with one character lost, doubled or replaced, or cut short."""

    @st.composite
    def damage(draw: st.DrawFn) -> str:
        cell = draw(cells)
        kind = draw(st.sampled_from(["none", "none", "pad", "lose", "insert", "cut", "wrap"]))
        if kind == "pad":
            return draw(st.sampled_from(["  {} ", "\t{}", "{}\xa0", " {}"])).format(cell)
        if kind == "wrap":
            return f'="{cell}"'
        if kind == "none" or not cell:
            return cell
        place = draw(st.integers(0, len(cell) - 1))
        if kind == "lose":
            return cell[:place] + cell[place + 1 :]
        if kind == "cut":
            return cell[:place]
        return cell[:place] + draw(st.sampled_from(rubbish)) + cell[place:]

    return damage()


nothing = st.sampled_from([*sorted(reference.NOTHING), " ", "NULL", "Não Tem"])

cpf = st.text(digits, min_size=9, max_size=9).map(lambda nine: nine + reference.cpf_digits(nine))
lettered = st.text(digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=12, max_size=12)
cnpj = st.one_of(st.text(digits, min_size=12, max_size=12), lettered).map(
    lambda twelve: twelve + reference.cnpj_digits(twelve)
)
masked_cpf = cpf.map(lambda d: f"{d[:3]}.{d[3:6]}.{d[6:9]}-{d[9:]}")
masked_cnpj = cnpj.map(lambda d: f"{d[:2]}.{d[2:5]}.{d[5:8]}/{d[8:12]}-{d[12:]}")
documents = st.one_of(
    nothing,
    damaged(
        st.one_of(
            cpf,
            cnpj,
            masked_cpf,
            masked_cnpj,
            cnpj.map(str.lower),
            cpf.map(lambda d: d.lstrip("0")),
            cpf.map(lambda d: f"{d}.0"),
            masked_cpf.map("CPF: {}".format),
            st.integers(0, 9).map(lambda digit: str(digit) * 11),
            st.text(digits, max_size=15),
        ),
        digits + "Xx.-/ ,'–",
    ),
)

_area = st.one_of(st.sampled_from(sorted(reference.AREA_CODES)), st.integers(0, 99)).map(str)
_subscriber = st.one_of(
    st.text(digits, min_size=7, max_size=9),
    st.text(digits, min_size=8, max_size=8).map("9{}".format),
    st.sampled_from(["99999999", "999999999", "33333333"]),
)
_prefix = st.sampled_from(
    ["", "", "", "55", "+55 ", "0", "00", "015", "0xx", "+55 0", "0055", "55021"]
)
_number = st.tuples(_prefix, _area, _subscriber).map("".join)
_spaced = st.tuples(_prefix, _area, _subscriber).map(
    lambda parts: f"{parts[0]}({parts[1]}) {parts[2][:-4]}-{parts[2][-4:]}"
)
_one_phone = st.one_of(_number, _spaced, nothing, _number.map("{}.0".format))
phones = damaged(
    st.one_of(
        _one_phone,
        st.lists(_one_phone, min_size=2, max_size=7).flatmap(
            lambda several: st.sampled_from([" / ", ";", ", ", "|", " ou ", " e ", "/"]).map(
                lambda separator: separator.join(several)
            )
        ),
        st.text(digits, max_size=18),
    ),
    digits + "/ -()x.",
)

_day = st.dates(datetime.date(1960, 1, 1), datetime.date(2110, 12, 31))
_loose = st.tuples(st.integers(0, 32).map(str), st.sampled_from("/.-"), st.integers(0, 13).map(str))
dates = st.one_of(
    nothing,
    damaged(
        st.one_of(
            _day.flatmap(
                lambda day: st.sampled_from(
                    ["%d/%m/%Y", "%Y-%m-%d", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d",
                     "%Y%m%d", "%d%m%Y", "%d/%m/%Y 00:00", "%Y-%m-%dT10:11:12.000Z", "%m/%d/%Y"]
                ).map(day.strftime)
            ),
            _day.flatmap(
                lambda day: st.sampled_from(
                    [f"{day.day}/{word}/{day.year}" for word in reference.MONTHS]
                    + [f"{day.day} de março de {day.year}", f"{day.day}-DEZ-{day.year % 100:02}"]
                )
            ),
            _loose.map(lambda parts: f"{parts[0]}{parts[1]}{parts[2]}{parts[1]}2026"),
            st.sampled_from(["31/02/2026", "29/02/2024", "29/02/2025", "46197", "1/1/1"]),
            st.text(digits + "/-. ", max_size=12),
        ),
        digits + "/-. :T",
    ),
)  # fmt: skip

_cents = st.integers(0, 10**13)


def _brazilian(amount: int) -> str:
    return f"{amount / 100:,.2f}".translate(str.maketrans(",.", ".,"))


money = st.one_of(
    nothing,
    damaged(
        st.one_of(
            _cents.map(_brazilian),
            _cents.map(lambda amount: f"R$ {_brazilian(amount)}"),
            _cents.map(lambda amount: f"{amount / 100:.2f}"),
            _cents.map(lambda amount: f"{amount / 100:,.2f}"),
            _cents.map(lambda amount: f"{amount / 100:.1f}"),
            _cents.map(lambda amount: f"{amount // 100}"),
            _cents.map(lambda amount: f"{amount // 100:,}"),
            _cents.map(lambda amount: f"{amount // 100:,}".replace(",", ".")),
            _cents.map(lambda amount: f"{amount / 100:.4f}"),
            _cents.map(lambda amount: f"{amount / 100:.17f}"),
            _cents.map(lambda amount: f"-{_brazilian(amount)}"),
            _cents.map(lambda amount: f"({_brazilian(amount)})"),
            _cents.map(lambda amount: f"{_brazilian(amount)}-"),
            st.text(digits + ".,", max_size=9),
            st.sampled_from(["1.234", "0.500", "1,234", "1,500", ",50", "R$", "BRL 10", "US$ 5"]),
        ),
        digits + ".,-R$ ()'",
    ),
)  # fmt: skip
