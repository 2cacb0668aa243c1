"""Rows to Postgres, and the merge: one transaction of the caller, all accepted rows or none."""

from typing import TYPE_CHECKING, Any

from kit import errors
from portfolio import checking, dialects, reading
from portfolio.uploads import FileRefused, Upload

if TYPE_CHECKING:
    import psycopg


class ImportCollided(errors.AppError):
    """Somebody added one of the file's people by hand while the import ran."""

    status, code = 409, "import_collided"


def run(
    connection: "psycopg.Connection", upload: Upload, creditor: str | None, *, dry_run: bool
) -> dict[str, Any]:
    """Import the file as the connection's caller and answer what was written.

    creditor  name or id for rows whose file names none
    dry_run   do all of it and take it back; the answer is the same but for import_id None
    """
    import psycopg

    answer: dict[str, Any] = {}
    try:
        with connection.transaction() as everything:
            answer = _run(connection, upload, creditor)
            if dry_run:
                answer["import_id"] = None
                raise psycopg.Rollback(everything)
    except psycopg.errors.UniqueViolation as collision:
        raise ImportCollided("the portfolio changed meanwhile; send the file again") from collision
    return answer


def _run(connection: "psycopg.Connection", upload: Upload, creditor: str | None) -> dict[str, Any]:
    from psycopg.types.json import Jsonb

    opened = connection.execute(
        "select import_id, creditor_name from private.open_import(%s, %s, %s)",
        (upload.name or None, upload.sha256, creditor),
    ).fetchone()
    if opened is None:
        raise RuntimeError("open_import answers one row")
    import_id, creditor_name = opened
    with dialects.as_utf8(upload.file) as file:
        dialect, layout = dialects.detect(file)
        if creditor_name is None and "creditor" not in layout.fields:
            raise FileRefused(
                "the file has no creditor column; name the creditor in ?creditor=",
                code="creditor_missing",
            )
        rows = 0
        columns = ", ".join(checking.STAGED)
        statement = f"copy pg_temp.import_rows ({columns}) from stdin (format csv)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for frame in reading.blocks(file, dialect, len(layout.header)):
                staged = checking.staged(frame, layout, creditor_name)
                copy.write(staged.write_csv(include_header=False).encode())
                rows += len(staged)
    if not rows:
        raise FileRefused("the file names its columns and has no rows", code="file_empty")
    titles = {field: layout.title(field) for field in ("document", "name", "due_on", "principal")}
    merged = connection.execute(
        "select private.import_portfolio(%s, %s)", (import_id, Jsonb(titles))
    ).fetchone()
    if merged is None:
        raise RuntimeError("import_portfolio answers one row")
    return dict(merged[0])
