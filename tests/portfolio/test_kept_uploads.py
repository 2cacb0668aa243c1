"""A file goes up once: looked at, rehearsed and imported by the id it was kept under."""

import io
import zlib
from typing import Any

import pytest

from portfolio import kept
from tests.portfolio.conftest import DATA, Endpoint, OpenAgency, table

CARTEIRA = (DATA / "carteira_2000.csv").read_bytes()
WORKBOOK = (DATA / "carteira_500.xlsx").read_bytes()


def looked_at(endpoint: Endpoint, data: bytes, name: str = "junho.csv", **who: Any) -> Any:
    form = {"file": (io.BytesIO(data), name)}
    query = "step=preview&keep=true"
    return endpoint(form, query, content_type="multipart/form-data", **who)


def left(endpoint: Endpoint) -> int:
    [(count,)] = endpoint.agency.rows(
        "select count(*) from private.import_uploads where tenant_id = %(tenant)s"
    )
    return int(count)


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]


def without_id(answer: Any) -> dict[str, Any]:
    return {key: value for key, value in answer.json.items() if key != "import_id"}


@pytest.mark.parametrize(
    ("data", "name"), [(CARTEIRA, "junho.csv"), (WORKBOOK, "junho.xlsx")], ids=["csv", "xlsx"]
)
def test_a_kept_file_is_rehearsed_and_imported_as_the_file_itself_would_be(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, data: bytes, name: str
) -> None:
    monkeypatch.setattr(kept, "PART_BYTES", 10_000)  # many parts
    form = {"file": (io.BytesIO(data), name)}
    by_itself = endpoint(form, "dry_run=true", content_type="multipart/form-data")
    shown = looked_at(endpoint, data, name).json
    upload = shown.pop("upload")
    again = endpoint(query=f"step=preview&upload={upload}").json or {}
    assert again.pop("upload") == upload
    assert again == shown
    rehearsed = endpoint(query=f"dry_run=true&upload={upload}")
    assert without_id(rehearsed) == without_id(by_itself)
    imported = endpoint(query=f"upload={upload}")
    assert imported.status_code == 200
    assert without_id(imported) == without_id(rehearsed)
    assert endpoint.agency.rows(
        "select file_name from public.imports where tenant_id = %(tenant)s and status = 'done'"
    ) == [(name,)]
    # It is in: nobody needs the file any more.
    assert left(endpoint) == 0
    assert refusal(endpoint(query=f"upload={upload}")) == (410, "upload_expired")


def test_nobody_else_reads_a_kept_file(endpoint: Endpoint, open_agency: OpenAgency) -> None:
    upload = looked_at(endpoint, CARTEIRA).json["upload"]
    other = open_agency(endpoint.agency.owner)
    for who, tenant_id in (
        ("supervisor@demo.test", None),
        ("admin@demo.test", other.tenant_id),
    ):
        for query in ("step=preview&", "dry_run=true&", ""):
            answer = endpoint(query=f"{query}upload={upload}", who=who, tenant_id=tenant_id)
            assert refusal(answer) == (410, "upload_expired")
    assert endpoint(query=f"upload={upload}", who=None).status_code == 401
    assert endpoint(query=f"step=preview&upload={upload}").status_code == 200


def test_a_kept_file_is_gone_an_hour_after_it_was_last_asked_for(endpoint: Endpoint) -> None:
    upload = looked_at(endpoint, CARTEIRA).json["upload"]
    owner = endpoint.agency.owner
    grow_old = "update private.import_uploads set used_at = private.now() - interval '59 minutes'"
    owner.execute(grow_old)
    owner.execute("select private.forget_uploads()")
    assert endpoint(query=f"step=preview&upload={upload}").status_code == 200
    owner.execute("select private.forget_uploads()")  # asked for a moment ago
    assert left(endpoint) == 1
    owner.execute(grow_old.replace("59 minutes", "61 minutes").encode())
    owner.execute("select private.forget_uploads()")
    assert refusal(endpoint(query=f"upload={upload}")) == (410, "upload_expired")
    assert owner.execute("select count(*) from private.import_upload_parts").fetchall() == [(0,)]


def test_nobody_fills_the_disk_by_looking(endpoint: Endpoint) -> None:
    uploads = [looked_at(endpoint, table([{}])).json["upload"] for _ in range(5)]
    assert left(endpoint) == 3
    assert endpoint(query=f"step=preview&upload={uploads[0]}").status_code == 410
    assert endpoint(query=f"step=preview&upload={uploads[-1]}").status_code == 200


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("upload=x", b""),
        ("keep=true", CARTEIRA),
        ("keep=true&dry_run=true", CARTEIRA),
        ("keep=maybe&step=preview", CARTEIRA),
        ("upload=00000000-0000-4000-8000-000000000000", CARTEIRA),
    ],
)
def test_what_cannot_be_meant_is_refused(endpoint: Endpoint, query: str, data: bytes) -> None:
    answer = endpoint(data, query)
    assert refusal(answer) == (400, "malformed_payload")
    assert left(endpoint) == 0


def test_a_refused_file_or_an_operators_is_not_kept(endpoint: Endpoint) -> None:
    assert looked_at(endpoint, b"a;b\n1;2\n").status_code == 400
    assert looked_at(endpoint, b"PK\x03\x04 no workbook", "x.xlsx").status_code == 400
    assert looked_at(endpoint, CARTEIRA, who="operador@demo.test").status_code == 403
    assert endpoint(CARTEIRA, "step=preview").status_code == 200  # not asked to keep it
    assert left(endpoint) == 0


@pytest.mark.parametrize(
    "harm",
    [
        "delete from private.import_upload_parts where place = 1",
        "update private.import_upload_parts set body = (select other.body"
        " from private.import_upload_parts as other where other.place = 0) where place = 1",
    ],
    ids=["a part is gone", "a part is another"],
)
def test_a_kept_file_that_is_not_whole_is_not_imported(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    monkeypatch.setattr(kept, "PART_BYTES", 10_000)
    upload = looked_at(endpoint, CARTEIRA).json["upload"]
    endpoint.agency.owner.execute(harm.encode())
    assert refusal(endpoint(query=f"upload={upload}")) == (410, "upload_expired")
    assert endpoint.agency.counts()["clients"] == 0


def test_an_agency_keeps_so_many_bytes_and_another_has_its_own(
    endpoint: Endpoint, open_agency: OpenAgency
) -> None:
    size = len(zlib.compress(CARTEIRA, kept.LEVEL))
    endpoint.agency.owner.execute(
        "create or replace function private.kept_bytes() returns bigint language sql immutable"
        f" set search_path = '' as 'select {2 * size + 1}::bigint'".encode()
    )
    other = open_agency(endpoint.agency.owner)
    for who in ("admin@demo.test", "supervisor@demo.test"):
        shown = looked_at(endpoint, CARTEIRA, who=who).json
        assert shown.pop("upload")
    # Looked at all the same; it comes again itself.
    one_more = looked_at(endpoint, CARTEIRA)
    assert (one_more.status_code, one_more.json) == (200, shown)
    assert left(endpoint) == 2
    assert "upload" in looked_at(endpoint, CARTEIRA, tenant_id=other.tenant_id).json


def test_what_is_imported_is_said_to_be_even_if_its_file_cannot_be_dropped(
    endpoint: Endpoint,
) -> None:
    looked = looked_at(endpoint, CARTEIRA).json
    assert looked is not None
    endpoint.agency.owner.execute(
        "create function private.tg_fail() returns trigger language plpgsql as"
        " $$ begin raise exception 'not_allowed' using errcode = 'PT403'; end $$;"
        "create trigger fails before delete on private.import_uploads"
        " for each row execute function private.tg_fail()"
    )
    answer = endpoint(query=f"upload={looked['upload']}")
    assert answer.json is not None
    assert (answer.status_code, answer.json["status"]) == (200, "done")
    assert left(endpoint) == 1
