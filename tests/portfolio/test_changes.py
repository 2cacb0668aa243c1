"""What an import would change is shown first; what it did can be taken back."""

import functools
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portfolio import options
from portfolio.uploads import FileRefused
from tests.portfolio.conftest import COLUMNS, Agency, OpenAgency, table
from tests.portfolio.dialects_of_tables import NARROW, tables, written
from tests.proof import examples

OTHER_PERSON = {
    "CPF/CNPJ": "111.444.777-35", "Nome do Devedor": "Bruno Lima", "Contrato": "B1",
    "E-mail": "", "Celular": "",
}  # fmt: skip
CONTRADICTION = {"Contrato": "A9", "Valor": "1,00"}


def refused(call: Any, sqlstate: str, code: str) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        call()
    assert (refusal.value.sqlstate, refusal.value.diag.message_primary) == (sqlstate, code)


def test_a_dry_run_tells_every_changed_field_and_changes_none(agency: Agency) -> None:
    agency(table([{}, OTHER_PERSON]))
    before = agency.state(), agency.counts()
    changed = table([{"Valor": "2.000,00", "E-mail": "nova@exemplo.com.br"}, OTHER_PERSON])
    answer = agency(changed, dry_run=True)
    assert answer["differences"] == {
        "fields": {"clients.email": 1, "debts.principal_cents": 1},
        "rows": [
            {"table": "clients", "document": "52998224725", "name": "Ana Souza", "contract": None,
             "installment": None,
             "changes": {"email": ["ana@exemplo.com.br", "nova@exemplo.com.br"]}},
            {"table": "debts", "document": "52998224725", "name": "Ana Souza", "contract": "A1",
             "installment": 1, "changes": {"principal_cents": [123456, 200000]}},
        ],
        "kept": [],
    }  # fmt: skip
    assert (agency.state(), agency.counts()) == before
    real = agency(changed)
    assert answer | {"import_id": real["import_id"]} == real
    assert agency.rpc("import_differences", real["import_id"]) == real["differences"]


def test_debts_that_the_file_does_not_name_are_counted_and_left(agency: Agency) -> None:
    agency(table([{}, OTHER_PERSON, OTHER_PERSON | {"Credor": "Outro", "Contrato": "B2"}]))
    answer = agency(table([{}]))
    assert (answer["debts_absent"], answer["debts_returned"]) == (1, 0)
    assert {debt[6] for debt in agency.state()["debts"]} == {"open"}


def test_absent_debts_are_returned_on_request_and_only_those_of_the_files_creditors(
    agency: Agency,
) -> None:
    agency(table([{}, OTHER_PERSON, OTHER_PERSON | {"Credor": "Outro", "Contrato": "B2"}]))
    answer = agency(table([{}]), absent="return")
    assert (answer["debts_absent"], answer["debts_returned"]) == (1, 1)
    assert answer["differences"]["fields"] == {"debts.status": 1}
    assert {debt[1]: debt[6] for debt in agency.state()["debts"]} == {
        "A1": "open", "B1": "returned", "B2": "open",
    }  # fmt: skip


def test_a_refused_line_does_not_make_its_debt_absent(agency: Agency) -> None:
    agency(table([{}, OTHER_PERSON, OTHER_PERSON | {"Contrato": "B2"}]))
    answer = agency(
        table([{}, OTHER_PERSON | {"Vencimento": "ontem"}, OTHER_PERSON | {"Contrato": "1,2E+11"}]),
        absent="return",
    )
    assert (answer["rejected"], answer["debts_absent"]) == (2, 0)


def test_an_import_taken_back_leaves_what_was_there_before(agency: Agency) -> None:
    agency(table([{}]))
    before = agency.state()
    answer = agency(
        table([
            {"Valor": "9,00", "Celular": "(21) 3333-4444", "Nome do Devedor": "Ana S. Souza"},
            OTHER_PERSON | {"Credor": "Outro"},
        ])
    )  # fmt: skip
    back = agency.rpc("rollback_import", answer["import_id"], who="supervisor")
    assert back == {
        "import_id": answer["import_id"], "status": "rolled_back",
        "deleted": {"debts": 1, "clients": 1, "phones": 1, "creditors": 1},
        "restored": {"debts": 1, "clients": 1}, "kept": {"count": 0, "rows": []},
    }  # fmt: skip
    assert agency.state() == before
    refused(lambda: agency.rpc("rollback_import", answer["import_id"]), "PT409", "import_not_done")


def test_returned_debts_open_again_when_the_import_is_taken_back(agency: Agency) -> None:
    agency(table([{}, OTHER_PERSON]))
    before = agency.state()
    answer = agency(table([{}]), absent="return")
    assert agency.state() != before
    agency.rpc("rollback_import", answer["import_id"])
    assert agency.state() == before


def test_rows_acted_on_since_stay_and_are_listed(agency: Agency) -> None:
    first = agency(table([{}, OTHER_PERSON]))
    agency(table([{"Valor": "2.000,00"}, OTHER_PERSON]))
    agency.owner.execute(
        "insert into public.call_dispositions (id, tenant_id, client_id, operator_id,"
        " disposition_type) select gen_random_uuid(), tenant_id, id, (select id from auth.users"
        " where email = 'operador@demo.test'), 'voicemail' from public.clients"
        " where tenant_id = %s and document = '11144477735'",
        (agency.tenant_id,),
    )
    before = agency.state()
    back = agency.rpc("rollback_import", first["import_id"])
    assert [(row["table"], row["document"], row["reason"]) for row in back["kept"]["rows"]] == [
        ("clients", "11144477735", "in_use"),
        ("debts", "11144477735", "contacted_since"),
        ("clients", "52998224725", "imported_since"),
        ("debts", "52998224725", "imported_since"),
        ("creditors", None, "imported_since"),
    ]
    assert back["deleted"] == {"debts": 0, "clients": 0, "phones": 0, "creditors": 0}
    assert agency.state() == before


def test_a_number_somebody_wrote_to_since_stays(agency: Agency) -> None:
    agency(table([{}]))
    added = agency(table([{"Celular": "(21) 98888-7777"}]))
    agency.owner.execute(
        "insert into public.message_logs (tenant_id, client_id, direction, provider, phone, status)"
        " select tenant_id, id, 'out', 'gupshup', '+5521988887777', 'sent' from public.clients"
        " where tenant_id = %s",
        (agency.tenant_id,),
    )
    before = agency.state()
    back = agency.rpc("rollback_import", added["import_id"])
    assert agency.state() == before
    assert [(row["table"], row["reason"]) for row in back["kept"]["rows"]] == [
        ("client_phones", "contacted_since")
    ]


def called(agency: Agency, phone: str, *, is_answered: bool) -> None:
    agency.owner.execute(
        "with account as (insert into public.integrations (tenant_id, provider)"
        " values (%(tenant)s, 'threecplus') returning id)"
        " insert into public.calls (tenant_id, integration_id, external_id, client_id, phone,"
        " status, called_at, connected_at) select %(tenant)s, account.id, 'c1', clients.id,"
        " %(phone)s, 'finished', private.now(), case when %(answered)s then private.now() end"
        " from account, public.clients where clients.tenant_id = %(tenant)s",
        {"tenant": agency.tenant_id, "phone": phone, "answered": is_answered},
    )


@pytest.mark.parametrize("phone", ["+5521988887777", "+552188887777"], ids=["whole", "short form"])
def test_a_number_called_since_stays(agency: Agency, phone: str) -> None:
    agency(table([{}]))
    added = agency(table([{"Celular": "(21) 98888-7777"}]))
    called(agency, phone, is_answered=False)
    before = agency.state()
    back = agency.rpc("rollback_import", added["import_id"])
    assert [(row["table"], row["reason"]) for row in back["kept"]["rows"]] == [
        ("client_phones", "contacted_since")
    ]
    assert agency.state() == before


BLOCKED = (
    "insert into public.suppressions (tenant_id, phone, reason, created_by)"
    " values (%(tenant)s, '+552188887777', 'pediu', {author})"
)
LISTED = (
    "with account as (insert into public.integrations (tenant_id, provider)"
    " values (%(tenant)s, 'threecplus') returning id),"
    " export as (insert into public.dialer_exports (tenant_id, integration_id, campaign_id,"
    " list_name, selection, selection_hash, on_date)"
    " select %(tenant)s, id, 1, 'Lista', '{}', 'x', '2026-11-23' from account returning id)"
    " insert into public.dialer_export_rows (export_id, place, tenant_id, client_id, phone, status,"
    " reason) select export.id, 1, %(tenant)s, clients.id, '+5521988887777', STATUS"
    " from export, public.clients where clients.tenant_id = %(tenant)s"
)
SOMEBODY = "(select id from auth.users where email = 'operador@demo.test')"


@pytest.mark.parametrize(
    ("since", "is_kept"),
    [
        (BLOCKED.replace("{author}", SOMEBODY), True),
        (BLOCKED.replace("{author}", "null"), False),
        (LISTED.replace("STATUS", "'loaded', null"), True),
        (LISTED.replace("STATUS", "'excluded', 'no_phone'"), False),
    ],
    ids=["blocked by a person", "blocked by a provider", "in the dialer", "left out of the dialer"],
)
def test_a_number_blocked_by_a_person_or_sent_to_the_dialer_since_stays(
    agency: Agency, since: str, is_kept: bool
) -> None:
    agency(table([{}]))
    before = agency.state()
    added = agency(table([{"Celular": "(21) 98888-7777"}]))
    with_it = agency.state()
    agency.owner.execute(since.encode(), {"tenant": agency.tenant_id})
    back = agency.rpc("rollback_import", added["import_id"])
    assert [(row["table"], row["reason"]) for row in back["kept"]["rows"]] == (
        [("client_phones", "in_use")] if is_kept else []
    )
    assert agency.state() == (with_it if is_kept else before)


def test_a_person_whose_number_alone_was_blocked_since_stays(agency: Agency) -> None:
    first = agency(table([{"Celular": "(21) 98888-7777"}]))
    agency.owner.execute(
        BLOCKED.replace("{author}", SOMEBODY).encode(), {"tenant": agency.tenant_id}
    )
    back = agency.rpc("rollback_import", first["import_id"])
    assert [(row["table"], row["reason"]) for row in back["kept"]["rows"]] == [
        ("clients", "in_use")
    ]
    assert [client[0] for client in agency.state()["clients"]] == ["52998224725"]
    assert agency.state()["debts"] == []


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_title_of_somebody_spoken_to_since_stays_and_ringing_is_not_speaking(
    agency: Agency, is_answered: bool
) -> None:
    agency(table([{}]))
    before = agency.state()
    dearer = agency(table([{"Valor": "2.000,00"}]))
    called(agency, "+5511987654321", is_answered=is_answered)
    back = agency.rpc("rollback_import", dearer["import_id"])
    assert [(row["table"], row["reason"]) for row in back["kept"]["rows"]] == (
        [("debts", "contacted_since")] if is_answered else []
    )
    assert (agency.state() == before) is not is_answered


def test_a_person_edited_since_stays(agency: Agency) -> None:
    answer = agency(table([{}, OTHER_PERSON]))
    agency.owner.execute(
        "update public.clients set email = 'x@y.com.br' where tenant_id = %s and document = %s",
        (agency.tenant_id, "52998224725"),
    )
    back = agency.rpc("rollback_import", answer["import_id"])
    assert [client[0] for client in agency.state()["clients"]] == ["52998224725"]
    assert [debt[1] for debt in agency.state()["debts"]] == ["A1"]
    assert [(row["table"], row["reason"]) for row in back["kept"]["rows"]] == [
        ("clients", "changed_since"), ("debts", "changed_since"), ("creditors", "in_use"),
    ]  # fmt: skip


def test_taking_back_is_audited_as_one_line(agency: Agency) -> None:
    answer = agency(table([{}, OTHER_PERSON]))
    agency.rpc("rollback_import", answer["import_id"])
    assert agency.rows(
        "select row_id, action, after #>> '{deleted,debts}' from public.audit_log"
        " where tenant_id = %(tenant)s and table_name in ('clients', 'client_phones', 'debts')"
    ) == [("import_rollback", "bulk", "2")]


def test_an_operator_takes_nothing_back_and_cancels_nothing(agency: Agency) -> None:
    answer = agency(table([{}]))
    for name in ("rollback_import", "cancel_import", "import_differences"):
        call = functools.partial(agency.rpc, name, answer["import_id"], who="operador")
        refused(call, "PT403", "not_allowed")


def test_nobody_takes_back_the_import_of_another_agency(
    agency: Agency, open_agency: OpenAgency
) -> None:
    answer = agency(table([{}]))
    other = open_agency(agency.owner)
    refused(lambda: other.rpc("rollback_import", answer["import_id"]), "PT404", "import_not_found")
    refused(lambda: other.rpc("cancel_import", answer["import_id"]), "PT404", "import_not_found")
    assert other.rpc("import_differences", answer["import_id"])["rows"] == []


def test_a_finished_import_is_not_cancelled(agency: Agency) -> None:
    answer = agency(table([{}]))
    refused(lambda: agency.rpc("cancel_import", answer["import_id"]), "PT409", "import_not_running")


def test_unknown_columns_are_kept_under_their_own_names(agency: Agency) -> None:
    agency(table([{"Loja": "Centro", "Obs.": ""}], (*COLUMNS, "Loja", "Obs.")))
    agency(table([{"Loja": "", "Obs.": "liga à tarde"}], (*COLUMNS, "Loja", "Obs.")))
    assert agency.rows("select extra from public.clients where tenant_id = %(tenant)s") == [
        ({"Loja": "Centro", "Obs.": "liga à tarde"},)
    ]


def test_what_a_person_says_about_a_column_counts_before_the_guess(agency: Agency) -> None:
    columns = ("CPF/CNPJ", "Nome do Devedor", "Operação", "Vencimento", "Valor", "Saldo")
    row = {"Operação": "OP7", "Saldo": "50,00"}
    said = {"Operação": "contract", "Saldo": "principal", "Valor": "ignore"}
    with pytest.raises(FileRefused):
        agency(table([row], columns), "Aurora")
    agency(table([row], columns), "Aurora", mapping=said)
    assert [debt[1] for debt in agency.state()["debts"]] == ["OP7"]
    assert agency.state()["debts"][0][5] == 5000
    again = agency(table([row | {"Operação": "OP8"}], columns), "Aurora")  # remembered
    assert again["debts_created"] == 1


@pytest.mark.parametrize(
    "said", ['{"Valor": "money"}', "[]", "{", '{"A": "name", "B": "name"}', '{"A": ["name"]}']
)
def test_a_mapping_that_says_nothing_sensible_is_refused(said: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        options.mapping(said)
    assert refusal.value.code == "mapping_invalid"


@pytest.mark.proof
@given(st.lists(tables, min_size=2, max_size=2), st.sampled_from(["leave", "return"]))
@settings(
    max_examples=examples(6, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_import_and_rollback_is_nothing_and_the_dry_run_says_the_truth(
    agency: Agency, open_agency: OpenAgency, files: list[list[dict[str, str]]], absent: str
) -> None:
    with agency.owner.transaction(force_rollback=True):
        fresh = open_agency(agency.owner)
        fresh(written(files[0], NARROW), "Credor do Parâmetro")
        before = fresh.state()
        dry = fresh(written(files[1], NARROW), "Credor do Parâmetro", absent=absent, dry_run=True)
        assert fresh.state() == before
        real = fresh(written(files[1], NARROW), "Credor do Parâmetro", absent=absent)
        assert dry | {"import_id": real["import_id"]} == real
        back = fresh.rpc("rollback_import", real["import_id"])
        assert back["kept"]["count"] == 0
        assert fresh.state() == before
