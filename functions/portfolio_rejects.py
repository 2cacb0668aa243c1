"""The refused rows of an import as a spreadsheet, to mend and send again."""

import uuid

import flask
import functions_framework

from kit import db, errors
from portfolio import callers

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@functions_framework.http
@errors.as_http
def portfolio_rejects(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """GET ?import_id=<uuid>&format=xlsx|csv, or ?ticket= that says both.

    What the caller may not see is not there (404).
    """
    if request.method != "GET":
        raise errors.MethodNotAllowed("ask with GET")
    ticket = callers.ticketed(request, "portfolio-rejects")
    caller, said = ticket or (None, request.args)
    kind = str(said.get("format", "xlsx"))  # a ticket's may be any JSON
    if kind not in TYPES:
        raise errors.MalformedPayload("format is xlsx or csv")
    try:
        import_id = uuid.UUID(said.get("import_id", ""))
    except ValueError as error:
        raise errors.MalformedPayload("import_id is a UUID") from error

    from portfolio import rejects

    opened = db.as_person(caller.claims, caller.tenant) if caller else db.as_caller(request)
    with opened as connection:
        found = connection.execute(
            "select header, file_name from public.imports"
            " where id = %s and private.has_role('supervisor')",
            (import_id,),
        ).fetchone()
        if found is None:
            raise errors.AppError("no such import", code="import_not_found", status=404)
        # A cursor of the server's: the rows of a large file never are in memory together.
        with connection.cursor(name="rejects") as cursor:
            cursor.execute(
                "select line, reason, column_name, value, cells from public.import_rejects"
                " where import_id = %s order by line, id",
                (import_id,),
            )
            table = rejects.rows(found.header, cursor)
            file = rejects.as_xlsx(table) if kind == "xlsx" else rejects.as_csv(table)
    name = rejects.file_name(found.file_name, kind)
    return flask.Response(
        rejects.blocks(file),
        content_type=TYPES[kind],
        headers={
            "Content-Disposition": f"attachment; filename={name}",
            "Cache-Control": "no-store",
        },
    )
