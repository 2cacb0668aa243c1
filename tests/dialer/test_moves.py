"""Whoever moves is called by the hours of where they live now; a held list holds up no other."""

import psycopg
import pytest

from tests.dialer.test_hours import at, inside, keep, minute, set_clock, state, weights
from tests.dialing import Floor


@pytest.mark.parametrize("by", ["update", "address", "phone"])
def test_whoever_moves_to_a_state_that_is_closed_is_not_called_there(floor: Floor, by: str) -> None:
    for n in range(1, 4):
        floor.person(n)
    mover = floor.person(9, uf="SP" if by == "update" else None)
    at(floor, "2026-03-10", "19:30")  # Rio has closed at 19
    export = floor.export(weight=7)
    floor.finish()
    keep(floor)
    assert (len(inside(floor)), weights(floor)) == (4, [7])
    if by == "update":
        floor.world.run("update public.clients set uf = 'RJ' where id = %s", mover)
    elif by == "address":
        floor.world.insert(
            "client_addresses",
            {"tenant_id": floor.world.tenant, "client_id": mover, "street": "Rua Um",
             "number": "1", "district": "Centro", "city": "Rio", "uf": "RJ", "cep": "20000000"},
        )  # fmt: skip
    else:
        # What a first receipt teaches of a number moves nobody.
        floor.world.run(
            "update public.client_phones set has_whatsapp = true where client_id = %s", mover
        )
        assert floor.world.one("select count(*) from private.dialer_moves") == 0
        floor.world.run(
            "update public.client_phones set phone = '+5521980000009' where client_id = %s", mover
        )
    minute(floor)
    assert weights(floor) == [7]
    floor.finish()
    keep(floor)
    assert str(mover) not in inside(floor)
    assert (len(inside(floor)), weights(floor), state(floor, export)[0]) == (3, [7], "open")
    before = floor.counts()
    keep(floor)
    assert floor.counts() == before


def test_a_list_that_somebody_holds_keeps_no_other_loud(floor: Floor, copied_url: str) -> None:
    floor.person(1)
    at(floor, "2026-03-10", "12:00")
    held, free = floor.export(weight=7), floor.export(campaign_id=124, weight=7)
    floor.finish()
    keep(floor)
    set_clock(floor, "2026-03-10", "20:01")
    look = "select private.silence_closed_lists()"
    with psycopg.connect(copied_url) as other:
        other.execute("select from public.dialer_exports where id = %s for update", (held,))
        assert floor.world.one(look) == 1
        assert (state(floor, held)[0], state(floor, free)[0]) == ("open", "silent")
    assert floor.world.one("select private.silence_closed_lists(may_wait => true)") == 1
    assert state(floor, held)[0] == "silent"
