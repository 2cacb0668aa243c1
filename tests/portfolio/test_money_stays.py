"""An import, and taking one back, moves no title that an agreement holds or money has reached."""

import json
import uuid
from typing import Any

import pytest

from tests.portfolio.conftest import Agency, table

CHANGED = table([{"Valor": "2.000,00", "Vencimento": "10/02/2026"}])
ANOTHER = table([{"CPF/CNPJ": "111.444.777-35", "Nome do Devedor": "Bruno Lima",
                  "Contrato": "B1"}])  # fmt: skip


def titles(agency: Agency) -> list[tuple[Any, ...]]:
    return agency.rows(
        "select contract, due_on::text, principal_cents, status::text from public.debts"
        " where tenant_id = %(tenant)s order by contract"
    )


def asked(agency: Agency, statement: str, *values: object, who: str = "admin") -> Any:
    rows = agency.acting(who, lambda: agency.owner.execute(statement.encode(), values).fetchall())
    return rows[0][0]


def agree(agency: Agency) -> None:
    """Ana's only title in an agreement that waits for its first payment."""
    [(client_id, debt_id)] = agency.rows(
        "select client_id, id from public.debts where tenant_id = %(tenant)s"
    )
    offer = asked(
        agency,
        "select public.simulate_agreement(client_id => %s, debt_ids => %s, installments => 2)",
        client_id,
        [debt_id],
    )
    answer = asked(
        agency,
        "select public.propose_agreement(proposal => %s, proposal_hash => %s)",
        json.dumps(offer["proposal"]),
        offer["proposal_hash"],
    )
    assert answer["outcome"] == "active", answer


@pytest.mark.parametrize("is_locking", [True, False])
@pytest.mark.parametrize(("file", "absent"), [(CHANGED, "leave"), (ANOTHER, "return")])
def test_a_title_in_a_living_agreement_is_neither_changed_nor_returned(
    agency: Agency, is_locking: bool, file: bytes, absent: str
) -> None:
    agency(table([{}]))
    asked(
        agency,
        "select public.save_agreement_policy(policy => %s)",
        json.dumps({"is_locking_at_once": is_locking}),
    )
    agree(agency)
    [held] = titles(agency)
    assert held[3] == ("in_agreement" if is_locking else "open")
    answer = agency(file, absent=absent)
    assert held in titles(agency)
    assert (answer["debts_updated"], answer["debts_returned"], answer["debts_absent"]) == (0, 0, 0)


@pytest.mark.parametrize("is_locking", [True, False])
def test_a_changed_title_that_an_agreement_took_stays_as_agreed(
    agency: Agency, is_locking: bool
) -> None:
    agency(table([{}]))
    changed = agency(CHANGED)
    asked(
        agency,
        "select public.save_agreement_policy(policy => %s)",
        json.dumps({"is_locking_at_once": is_locking}),
    )
    agree(agency)
    before = titles(agency)
    back = agency.rpc("rollback_import", changed["import_id"])
    assert titles(agency) == before
    assert back["restored"]["debts"] == 0
    assert [(row["table"], row["contract"]) for row in back["kept"]["rows"]] == [("debts", "A1")]


def test_a_changed_title_that_is_disputed_since_stays(agency: Agency) -> None:
    agency(table([{}]))
    changed = agency(CHANGED)
    [(debt_id,)] = agency.rows("select id from public.debts where tenant_id = %(tenant)s")
    asked(
        agency,
        "select public.hold_debts(debt_ids => %s, reason => 'não reconhece')",
        [debt_id],
        who="operador",
    )
    before = titles(agency)
    back = agency.rpc("rollback_import", changed["import_id"])
    assert titles(agency) == before
    assert [row["reason"] for row in back["kept"]["rows"]] == ["changed_since"]


def pay_in_part(agency: Agency) -> None:
    """Fifty reais of Ana's only title."""
    [(client_id, debt_id, today)] = agency.rows(
        "select client_id, id, private.today(tenant_id)::text from public.debts"
        " where tenant_id = %(tenant)s"
    )
    settlement = {
        "id": str(uuid.uuid4()), "client_id": str(client_id), "debt_ids": [str(debt_id)],
        "amount_cents": 5000, "paid_on": today, "evidence": "comprovante do banco",
    }  # fmt: skip
    asked(
        agency,
        "select public.settle_manually(settlement => %s)",
        json.dumps(settlement),
        who="operador",
    )
    asked(
        agency,
        "select public.decide_settlement(settlement_id => %s, decision => 'approve')",
        settlement["id"],
        who="supervisor",
    )


def test_a_changed_title_that_was_paid_in_part_stays(agency: Agency) -> None:
    agency(table([{}]))
    changed = agency(CHANGED)
    pay_in_part(agency)
    before = titles(agency)
    assert before[0][3] == "open"
    back = agency.rpc("rollback_import", changed["import_id"])
    assert titles(agency) == before
    assert [row["reason"] for row in back["kept"]["rows"]] == ["in_use"]


def test_a_file_changes_no_value_that_a_payment_was_taken_off(agency: Agency) -> None:
    agency(table([{}]))
    pay_in_part(agency)
    before = titles(agency)
    answer = agency(CHANGED)
    assert titles(agency) == before
    assert answer["reject_reasons"] == {"debt_paid_in_part": 1}
    assert agency(table([{}]))["rejected"] == 0
