"""Titles that a file names and that stay as they are: counted by status, listed, never silent. What
only its absence from a file returned opens again when a file names it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.portfolio.conftest import Agency, OpenAgency, table
from tests.portfolio.dialects_of_tables import NARROW, tables, written
from tests.portfolio.test_money_stays import agree, asked, pay_in_part
from tests.proof import examples

BOTH = table([{}, {"Contrato": "A2"}])
FIRST_ALONE = table([{}])
DEARER = table([{"Valor": "2.000,00"}, {"Contrato": "A2"}])


def statuses(agency: Agency) -> dict[str, str]:
    return {debt[1]: debt[6] for debt in agency.state()["debts"]}


def word(agency: Agency, contract: str, status: str) -> None:
    agency.owner.execute(
        "update public.debts set status = %s::public.debt_status"
        " where tenant_id = %s and contract = %s",
        (status, agency.tenant_id, contract),
    )


@pytest.mark.parametrize("status", ["settled", "on_hold", "prescribed", "in_agreement", "returned"])
def test_a_title_whose_status_a_person_or_the_clock_gave_it_stays_and_is_counted(
    agency: Agency, status: str
) -> None:
    agency(BOTH)
    word(agency, "A1", status)
    dry = agency(DEARER, dry_run=True)
    real = agency(DEARER)
    assert dry | {"import_id": real["import_id"]} == real
    assert (real["debts_kept"], real["debts_updated"], real["debts_reopened"]) == (
        {status: 1},
        0,
        0,
    )
    assert real["differences"]["kept"] == [
        {"document": "52998224725", "name": "Ana Souza", "contract": "A1", "installment": 1,
         "status": status, "changes": {"principal_cents": [123456, 200000]}},
    ]  # fmt: skip
    assert statuses(agency) == {"A1": status, "A2": "open"}


def test_one_held_by_an_agreement_before_its_first_payment_is_counted_as_such(
    agency: Agency,
) -> None:
    agency(FIRST_ALONE)
    asked(
        agency, "select public.save_agreement_policy(policy => '{\"is_locking_at_once\": false}')"
    )
    agree(agency)
    assert statuses(agency) == {"A1": "open"}
    assert agency(DEARER)["debts_kept"] == {"in_agreement": 1}


def test_what_is_open_is_not_counted_as_kept(agency: Agency) -> None:
    agency(BOTH)
    assert agency(BOTH)["debts_kept"] == {}


def returned_by_absence(agency: Agency) -> None:
    agency(BOTH)
    assert agency(FIRST_ALONE, absent="return")["debts_returned"] == 1
    assert statuses(agency) == {"A1": "open", "A2": "returned"}


def test_a_title_returned_by_its_absence_opens_again_when_a_file_names_it(agency: Agency) -> None:
    returned_by_absence(agency)
    before = agency.state()
    named = table([{}, {"Contrato": "A2", "Valor": "5,00"}])
    dry = agency(named, dry_run=True)
    real = agency(named)
    assert dry | {"import_id": real["import_id"]} == real
    assert (real["debts_reopened"], real["debts_updated"], real["debts_kept"]) == (1, 0, {})
    assert real["differences"]["fields"] == {"debts.status": 1, "debts.principal_cents": 1}
    assert statuses(agency) == {"A1": "open", "A2": "open"}
    assert agency.state()["clients"][0][5] == 123456 + 500
    assert agency.rpc("rollback_import", real["import_id"])["kept"]["count"] == 0
    assert agency.state() == before


def test_one_that_a_person_returned_since_stays_returned(agency: Agency) -> None:
    returned_by_absence(agency)
    word(agency, "A2", "open")
    word(agency, "A2", "returned")
    answer = agency(BOTH)
    assert (answer["debts_reopened"], answer["debts_kept"]) == (0, {"returned": 1})
    assert statuses(agency)["A2"] == "returned"


def test_a_reopened_title_may_be_returned_and_reopened_again(agency: Agency) -> None:
    returned_by_absence(agency)
    assert agency(BOTH)["debts_reopened"] == 1
    assert agency(FIRST_ALONE, absent="return")["debts_returned"] == 1
    assert agency(BOTH)["debts_reopened"] == 1


def test_one_that_was_paid_in_part_opens_with_its_own_value_or_not_at_all(agency: Agency) -> None:
    agency(FIRST_ALONE)
    pay_in_part(agency)
    agency(table([{"Contrato": "A2"}]), absent="return")
    assert statuses(agency)["A1"] == "returned"
    assert agency(DEARER)["reject_reasons"] == {"debt_paid_in_part": 1}
    assert statuses(agency)["A1"] == "returned"
    assert agency(BOTH)["debts_reopened"] == 1


@pytest.mark.proof
@given(
    st.lists(tables, min_size=3, max_size=3),
    st.lists(st.sampled_from(["settled", "on_hold", "returned", ""]), min_size=3, max_size=3),
)
@settings(
    max_examples=examples(5, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_named_title_is_made_changed_opened_kept_or_was_so_already(
    agency: Agency, open_agency: OpenAgency, files: list[Any], words: list[str]
) -> None:
    """And the dry run says so before."""
    with agency.owner.transaction(force_rollback=True):
        fresh = open_agency(agency.owner)
        fresh(written(files[0], NARROW), "Credor do Parâmetro")
        fresh(written(files[1], NARROW), "Credor do Parâmetro", absent="return")
        contracts = sorted(statuses(fresh))
        for contract, status in zip(contracts, words, strict=False):
            if status:
                word(fresh, contract, status)
        before = {debt[:3]: debt[4:] for debt in fresh.state()["debts"]}
        dry = fresh(written(files[2], NARROW), "Credor do Parâmetro", dry_run=True)
        real = fresh(written(files[2], NARROW), "Credor do Parâmetro")
        assert dry | {"import_id": real["import_id"]} == real
        after = {debt[:3]: debt[4:] for debt in fresh.state()["debts"]}
        opened = [key for key in before if (before[key][2], after[key][2]) == ("returned", "open")]
        changed = [key for key in before if before[key] != after[key] and key not in opened]
        assert real["debts_reopened"] == len(opened)
        assert real["debts_updated"] == len(changed)
        assert real["debts_created"] == len(after) - len(before)
        titles = real["accepted"] - real["duplicates"]
        kept = sum(real["debts_kept"].values())
        assert kept == len(real["differences"]["kept"])
        known = titles - real["debts_created"] - len(opened) - len(changed)
        assert 0 <= kept <= known
        assert all(status != "open" for status in real["debts_kept"])
