"""Papers say what the database says, to whom it may be said, with the right accents."""

import io
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pypdf
import pytest
import segno

from documents.statement import PARTS, render
from local_platform.stack import Stack
from tests.automation import TENANT

Ask = Callable[..., httpx.Response]
SOMEBODY = "d0000000-0000-4000-8000-00000000000f"
STRANGE = "Łucja Ação Ñandú da Conceição"


@pytest.fixture
def ask(stack: Stack, sign_in: Callable[..., Any]) -> Iterator[Ask]:
    """POST to a function as somebody of the demo (None: nobody signed in)."""
    with httpx.Client(base_url=f"{stack.settings.url}/functions/v1", timeout=60) as http:

        def call(name: str, email: str | None = "operador@demo.test", **body: Any) -> Any:
            headers = {}
            if email:
                session = sign_in(email).auth.get_session()
                headers = {"Authorization": f"Bearer {session.access_token}"}
            return http.post(f"/{name}", json=body, headers=headers)

        yield call


@pytest.fixture
def owner(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.settings.database_url(), autocommit=True) as connection:
        yield connection


@pytest.fixture
def debtor(owner: psycopg.Connection[Any]) -> str:
    """R$ 1.000,00 since 22 days, and a name with a letter that no PDF's own font has."""
    client = uuid.uuid4()
    owner.execute(
        "insert into public.clients (id, tenant_id, document, name) values (%s, %s, %s, %s)",
        (client, TENANT, f"{client.int % 10**11:011}", STRANGE),
    )
    owner.execute(
        "insert into public.debts (tenant_id, client_id, creditor_id, contract, due_on,"
        " principal_cents) select tenant_id, %s, id, %s, private.today(tenant_id) - 22,"
        " 100000 from public.creditors where tenant_id = %s and name = 'Banco Aurora S.A.'",
        (client, f"PAPEL-{client.hex[:8]}", TENANT),
    )
    return str(client)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_the_statement_says_who_is_owed_what_and_how_it_was_calculated(
    ask: Ask, debtor: str
) -> None:
    answer = ask("statement-document", client_id=debtor)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/pdf"
    text = " ".join(text_of(answer.content).split())
    for said in (
        "Demonstrativo de débito", "Credor: Banco Aurora S.A.", "CNPJ 11.222.333/0001-81",
        "Av. das Acácias, 1000, São Paulo/SP", f"Contrato PAPEL-{debtor[:8]}, parcela 1",
        "22 dias de atraso",
        "Memória de cálculo", "2% sobre R$ 1.000,00 = R$ 20,00", "Juros de mora",
        "1% ao mês, por dia, mês de 30 dias: 22 dias sobre R$ 1.000,00 = R$ 7,3333...",
        "R$ 7,33", "R$ 1.027,33", "Válido até", "Łucja Ação Ñandú da Conceição",
    ):  # fmt: skip
        assert said in text, f"{said!r} is missing in {text!r}"


def test_letters_beyond_western_europe_keep_their_accents() -> None:
    names = "Łucja Žižková Őrsi Nguyễn Thị Đặng İnci Şahin Ćosić Țepeș Ğ"
    strange = f"{names} \u65e5\U0001f600"
    creditor = {"id": "1", "name": "Banco Ágora", "document": None, "address": None}
    statement: dict[str, Any] = {
        "on_date": "2026-03-02",
        "debts": [
            {"creditor": creditor, "contract": "C1", "installment": 1, "days_late": 0,
             "due_on": "2026-03-02", "effective_due_date": "2026-03-02", "lines": [],
             "original_principal_cents": 100, "total_cents": 100}
        ],
        "totals": {f"{part}_cents": 0 for part in (*PARTS, "total")},
    }  # fmt: skip
    pdf = render(statement, {"name": strange, "document": "1"}, "Assessoria")
    assert f"{names} ??" in " ".join(text_of(pdf).split())
    # Where every reader has the letters, no font is carried along.
    plain = render(statement, {"name": "Zélia da Conceição", "document": "1"}, "Assessoria")
    assert "Zélia da Conceição" in text_of(plain)
    assert b"FontFile" not in plain
    assert b"FontFile" in pdf


def test_a_day_of_the_slider_is_the_day_of_the_paper(ask: Ask, debtor: str, owner: Any) -> None:
    [(day, total)] = owner.execute(
        "select (private.today(%s) + 8)::text, private.brl(102999)", (TENANT,)
    ).fetchall()
    text = text_of(ask("statement-document", client_id=debtor, on_date=day).content)
    assert "30 dias de atraso" in text
    assert "R$ 1.030,00" in text
    assert total not in text


def test_many_titles_fill_several_pages_with_a_footer_each(
    ask: Ask, debtor: str, owner: Any
) -> None:
    owner.execute(
        "insert into public.debts (tenant_id, client_id, creditor_id, contract, installment,"
        " due_on, principal_cents) select tenant_id, client_id, creditor_id, contract, n, due_on,"
        " 5000 from public.debts, generate_series(2, 30) as n where client_id = %s",
        (debtor,),
    )
    pages = pypdf.PdfReader(io.BytesIO(ask("statement-document", client_id=debtor).content)).pages
    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        assert f"{number} de {len(pages)}" in page.extract_text()


def test_strangers_get_no_statement(ask: Ask, debtor: str) -> None:
    nobody = ask("statement-document", None, client_id=debtor)
    assert nobody.status_code == 401
    stranger = ask("statement-document", "admin@outra.test", client_id=debtor)
    assert (stranger.status_code, stranger.json()["error"]) == (404, "client_not_found")


@pytest.mark.parametrize(
    "body",
    [{}, {"client_id": "x"}, {"client_id": None}, {"client_id": SOMEBODY, "on_date": "9"},
     {"client_id": SOMEBODY, "debt_ids": 7}],
)  # fmt: skip
def test_a_malformed_question_is_refused(ask: Ask, body: dict[str, Any]) -> None:
    answer = ask("statement-document", **body)
    assert (answer.status_code, answer.json()["error"]) == (400, "malformed_payload")


@pytest.fixture
def pix(owner: psycopg.Connection[Any], debtor: str) -> str:
    """A charge that can be paid by Pix."""
    import json

    [(user,)] = owner.execute(
        "select id from auth.users where email = 'operador@demo.test'"
    ).fetchall()
    with owner.transaction():
        owner.execute(
            "insert into public.client_phones (tenant_id, client_id, phone, kind)"
            " values (%s, %s, %s, 'mobile')",
            (TENANT, debtor, f"+55119{uuid.uuid4().int % 10**8:08}"),
        )
        owner.execute(
            "insert into public.client_addresses (tenant_id, client_id, cep, street, number,"
            " district, city, uf)"
            " values (%s, %s, '01001000', 'Rua A', '1', 'Sé', 'São Paulo', 'SP')",
            (TENANT, debtor),
        )
        owner.execute(
            "select set_config('role', 'authenticated', true),"
            " set_config('request.jwt.claims', %s, true)",
            (json.dumps({"sub": str(user), "role": "authenticated"}),),
        )
        [(charge,)] = owner.execute(
            "with offer as (select public.simulate_agreement(%(c)s, array(select id from"
            " public.debts where client_id = %(c)s)) as made), agreed as (select"
            " public.propose_agreement(made -> 'proposal', made ->> 'proposal_hash') as answer"
            " from offer) select answer ->> 'agreement_id' from agreed",
            {"c": debtor},
        ).fetchall()
        [(asked,)] = owner.execute(
            "select public.request_charges(array(select id from public.installments"
            " where agreement_id = %s), 'pix')",
            (charge,),
        ).fetchall()
        owner.execute("select set_config('role', 'none', true)")
        owner.execute(
            "update public.charges set status = 'open', pix_code = '000201CODIGO', next_attempt_at"
            " = null where id = %s",
            (asked[0]["charge_id"],),
        )
    return str(asked[0]["charge_id"])


def test_a_pix_code_is_the_same_in_its_qr(ask: Ask, pix: str) -> None:
    picture = ask("charge-document", charge_id=pix)
    assert picture.status_code == 200, picture.text
    assert picture.headers["Content-Type"].startswith("image/svg+xml")
    expected = io.BytesIO()
    segno.make("000201CODIGO", error="m", micro=False).save(expected, kind="svg", scale=8)
    assert picture.content == expected.getvalue()
    image = ask("charge-document", charge_id=pix, format="png")
    assert image.content.startswith(b"\x89PNG")


def test_strangers_get_no_qr_and_what_cannot_be_paid_has_none(
    ask: Ask, pix: str, owner: psycopg.Connection[Any]
) -> None:
    assert ask("charge-document", None, charge_id=pix).status_code == 401
    stranger = ask("charge-document", "admin@outra.test", charge_id=pix)
    assert (stranger.status_code, stranger.json()["error"]) == (404, "charge_not_found")
    assert ask("charge-document", charge_id=pix, format="gif").status_code == 400
    owner.execute("update public.charges set pix_code = null where id = %s", (pix,))
    assert ask("charge-document", charge_id=pix).json()["error"] == "charge_without_pix"
    owner.execute(
        "update public.charges set pix_code = 'x', status = 'cancelled' where id = %s", (pix,)
    )
    assert ask("charge-document", charge_id=pix).json()["error"] == "charge_not_payable"
