"""Said of one number, the others go on being called."""

import uuid

import psycopg
import pytest

from tests.dialing import Floor

ONE, TWO, THREE = "+5511980000001", "+5511980000002", "+5511980000003"


def say(floor: Floor, client: uuid.UUID, phone: str, done: uuid.UUID | None = None) -> uuid.UUID:
    done = done or uuid.uuid4()
    with floor.world.acting("operator"):
        floor.world.run(
            "select public.dispose_wrong_number(%s, %s, 'wrong_contact', %s, 'outra pessoa')",
            done, client, phone,
        )  # fmt: skip
    return done


def inside(floor: Floor) -> set[str]:
    return {f"+55{phone}" for _, phone in floor.loaded()}


def test_the_named_number_leaves_the_mailing_and_stays_wrong(floor: Floor) -> None:
    client = floor.person(1, phones=[ONE, TWO, THREE])
    floor.export()
    floor.finish()
    done = say(floor, client, TWO)
    floor.finish()
    assert inside(floor) == {ONE, THREE}
    with floor.world.acting("operator"):
        profile = floor.world.one(
            "select public.client_profile(document) from public.clients where id = %s", client
        )
    assert [phone["is_wrong"] for phone in profile["phones"]] == [False, True, False]
    # Sent again it changes nothing, and what is said later of the person does not clear the number.
    say(floor, client, TWO, done)
    with floor.world.acting("operator"):
        floor.world.run(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'voicemail')", client,
        )  # fmt: skip
    again = floor.export(campaign_id=124)
    floor.finish()
    assert floor.fates(again)["excluded", "wrong_contact"] == 1
    assert floor.fates(again)["loaded", None] == 2
    assert floor.world.one("select count(*) from public.call_dispositions") == 2


def test_without_a_number_all_that_are_known_are_meant(floor: Floor) -> None:
    client = floor.person(1, phones=[ONE, TWO])
    floor.export()
    floor.finish()
    with floor.world.acting("operator"):
        floor.world.run(
            "insert into public.call_dispositions (client_id, disposition_type)"
            " values (%s, 'wrong_contact')", client,
        )  # fmt: skip
    floor.finish()
    assert not floor.loaded()


def test_a_number_that_was_replaced_meanwhile_refuses_no_disposition_and_is_wrong_alone(
    floor: Floor,
) -> None:
    client = floor.person(1, phones=[TWO])
    floor.export()
    floor.finish()
    done = say(floor, client, ONE)
    # Kept offline it is sent again, whatever became of the numbers in between.
    floor.world.run("delete from public.client_phones where client_id = %s", client)
    say(floor, client, ONE, done)
    floor.finish()
    assert floor.world.one("select count(*) from public.call_dispositions") == 1
    assert inside(floor) == {TWO}


def test_what_is_no_number_is_refused(floor: Floor) -> None:
    client = floor.person(1)
    with pytest.raises(psycopg.Error, match="field_invalid"):
        say(floor, client, "11980000001")
    assert floor.world.one("select count(*) from public.call_dispositions") == 0


def test_nobody_names_the_number_of_anothers_disposition(floor: Floor) -> None:
    client = floor.person(1, phones=[ONE, TWO])
    done = uuid.uuid4()
    with floor.world.acting("supervisor"):
        floor.world.run(
            "insert into public.call_dispositions (id, client_id, disposition_type)"
            " values (%s, %s, 'wrong_contact')", done, client,
        )  # fmt: skip
    with pytest.raises(psycopg.Error, match="disposition_id_reused"):
        say(floor, client, ONE, done)
    assert floor.world.one("select count(*) from private.wrong_numbers") == 0
