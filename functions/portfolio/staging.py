"""Rows to Postgres: read and planned in one transaction of the caller, then written in chunks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit import errors
from portfolio import checking, dialects, headers, reading, tables
from portfolio.journal import ImportCancelled, Journal, Opener
from portfolio.options import Options
from portfolio.uploads import FileRefused, Upload

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

# Original cells are kept for so many refused rows; a file with more is a wrong file.
REJECTS_WITH_CELLS = 200_000
# Rows (people, phones, debts) that one transaction writes: a second's work, so that a bar moves and
# a cancel is heard. Smaller ones wait for more commits (docs/performance.md).
CHUNK_ROWS = 20_000


class ImportUnfinished(errors.AppError):
    """What an earlier import left cannot be finished now; a job tries it again every minute."""

    status, code = 409, "import_unfinished"


class ImportCollided(errors.AppError):
    """Somebody added one of the file's people by hand while the import ran."""

    status, code = 409, "import_collided"


def watched(
    holder: "Connection", upload: Upload, options: Options, journal: Journal
) -> tuple[dict[str, Any], bool]:
    """Import as the holder's caller with a row that people can watch, cancel and continue.

    `holder` is a transaction that writes nothing: its locks tell that the import is alive, and
    whose turn it is, for as long as it is open. The file is read and planned in one transaction
    beside it, and written in one a chunk; an import that dies there is continued by whoever comes.
    Answers what was written, and whether that is the answer of an earlier same request.
    """
    holder.execute("select private.hold_import(%s)", (journal.import_id,))
    known = journal.announce(upload, options) or {}
    if "answer" in known:
        return dict(known["answer"]), True
    if "resume" in known:
        await_turn(holder, journal.opened)
        return written(known["resume"], journal.opened), True
    try:
        await_turn(holder, journal.opened)
        if options.dry_run:
            answer = run(holder, upload, options, journal)
            journal.rehearsed(answer)
            return answer, False
        with journal.opened() as connection:
            _Import(connection, upload, options, journal).read()
    except errors.AppError as refusal:
        holder.rollback()
        journal.ended(_outcome(refusal.code), refusal.code)
        raise
    except BaseException as failure:
        holder.rollback()
        code = _code(failure)
        journal.ended(_outcome(code), code)
        raise
    return written(journal.import_id, journal.opened), False


def _outcome(code: str) -> str:
    return "cancelled" if code == "import_cancelled" else "failed"


def _code(failure: BaseException) -> str:
    """The word SQL refused with, or `internal`."""
    said = getattr(failure, "diag", None)
    is_ours = (getattr(failure, "sqlstate", None) or "").startswith("PT")
    return str(said.message_primary) if is_ours and said is not None else "internal"


def await_turn(holder: "Connection", opened: Opener) -> None:
    """Wait for the tenant's other imports, and finish what one of them, or a rollback, left when
    it died."""
    import psycopg

    refused: tuple[Any, psycopg.Error] | None = None
    while unfinished := _value(holder, "select private.await_import_turn()"):
        if refused and refused[0] == unfinished:
            raise ImportUnfinished("an earlier one cannot be taken back now") from refused[1]
        try:
            _to_the_end(str(unfinished), opened)
        except ImportCollided:
            continue  # it was taken back; its own row says so
        except psycopg.OperationalError:
            raise  # the database, and not what was left
        except psycopg.Error as failure:
            refused = unfinished, failure


def written(import_id: str, opened: Opener) -> dict[str, Any]:
    """Write a planned import chunk by chunk, each its own transaction, and answer what was written.

    A lost database leaves it as it is: interrupted, and continued from the last commit. A chunk
    that cannot be written takes the whole import back.
    """
    return _ended(_to_the_end(import_id, opened))


def _to_the_end(import_id: str, opened: Opener) -> dict[str, Any]:
    """Step by step until an import, or a rollback, has ended; answers the last step."""
    import psycopg

    try:
        return _stepped(import_id, opened)
    except psycopg.Error as failure:
        is_collision = isinstance(failure, psycopg.errors.UniqueViolation)
        code = ImportCollided.code if is_collision else "internal"
        with opened() as connection:
            connection.execute("select private.abandon_import(%s, %s)", (import_id, code))
        _stepped(import_id, opened)  # what is in goes back
        if is_collision:
            raise ImportCollided("the portfolio changed meanwhile; send it again") from failure
        raise


def _stepped(import_id: str, opened: Opener) -> dict[str, Any]:
    step: dict[str, Any] = {"status": "running"}
    while step["status"] == "running":
        with opened() as connection:
            step = _value(connection, "select private.write_import_chunk(%s)", import_id)
    return step


def _ended(step: dict[str, Any]) -> dict[str, Any]:
    """The answer of a last step; a refusal if it was no good end."""
    if step["status"] == "cancelled":
        raise ImportCancelled("cancelled; what was written went back", code=step["error_code"])
    if step["answer"] is None:
        raise errors.AppError("nothing of it was written", code=step["error_code"], status=409)
    return dict(step["answer"])


def run(
    connection: "Connection", upload: Upload, options: Options, journal: Journal | None = None
) -> dict[str, Any]:
    """Import the file in the connection's own transaction, all of it or nothing.

    A dry run counts its chunks instead of writing them, and takes back the rest: its answer is the
    same but for import_id None.
    """
    import psycopg

    answer: dict[str, Any] = {}
    try:
        with connection.transaction() as everything:
            while unfinished := _value(connection, "select private.await_import_turn()"):
                _last_step(connection, str(unfinished))
            importing = _Import(connection, upload, options, journal)
            importing.read()
            answer = _ended(_last_step(connection, importing.import_id, importing.report_counted))
            if options.dry_run:
                answer["import_id"] = None
                raise psycopg.Rollback(everything)
    except psycopg.errors.UniqueViolation as collision:
        raise ImportCollided("the portfolio changed meanwhile; send the file again") from collision
    return answer


def _last_step(
    connection: "Connection", import_id: str, report: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    step: dict[str, Any] = {"status": "running"}
    while step["status"] == "running":
        report(step.get("rows_written", 0))
        step = _value(connection, "select private.write_import_chunk(%s)", import_id)
    return step


@dataclass
class _Import:
    """One file being read, and the rows it has shown."""

    connection: "Connection"
    upload: Upload
    options: Options
    journal: Journal | None
    import_id: str = ""
    rows: int = 0
    valid: int = 0
    total: int | None = None

    def read(self) -> None:
        """Stage, judge and plan the whole file: after the commit it is no longer needed."""
        import_id, creditor_id, creditor_name = _row(
            self.connection,
            "select import_id, creditor_id, creditor_name"
            " from private.open_import(%s, %s, %s, %s, %s)",
            self.upload.name or None, self.upload.sha256, self.options.creditor,
            self.journal.import_id if self.journal else None, self._source(),
        )  # fmt: skip
        self.import_id = str(import_id)
        self._report("reading", now=True)
        with tables.read(self.upload, self.options.sheet) as table:
            mapping = self._mapping(table, creditor_id)
            layout = headers.layout(table.header, mapping)
            dialects.require(layout, mapping)
            if creditor_name is None and "creditor" not in layout.fields:
                raise FileRefused(
                    "the file has no creditor column; name the creditor in ?creditor=",
                    code="creditor_missing",
                )
            self._stage(table, layout, creditor_name)
            self._report("planning", now=True)
            if self._plan(table, layout, creditor_name) and not self.options.dry_run:
                self._keep_cells(table, len(layout.header))

    def _source(self) -> str:
        return "api" if self.upload.kind == "json" else self.upload.kind

    def _mapping(self, table: tables.Table, creditor_id: str | None) -> dict[str, str]:
        """What the caller says about the columns, else what was said the last time."""
        if self.options.mapping:
            return dict(self.options.mapping)
        return saved_mapping(self.connection, creditor_id, table.header)

    def _stage(self, table: tables.Table, layout: headers.Layout, creditor: str | None) -> None:
        columns = ", ".join(checking.STAGED)
        statement = f"copy pg_temp.import_rows ({columns}) from stdin (format csv)"
        size = table.size
        with self.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for frame in reading.blocks(table.file, table.dialect, len(layout.header)):
                kept = checking.without_totals(frame, layout)
                staged = checking.staged(kept, layout, creditor)
                copy.write(staged.write_csv(include_header=False).encode())
                self.rows += len(staged)
                self.valid += staged["reason"].null_count()
                # The reader is a block ahead of what it gave; near enough for an estimate.
                share = max(table.file.tell(), 1) / max(size, 1)
                self.total = max(round(self.rows / share), self.rows)
                self._report("reading")
        self.total = self.rows
        if not self.rows:
            raise FileRefused("the file names its columns and has no rows", code="file_empty")

    def _plan(self, table: tables.Table, layout: headers.Layout, creditor: str | None) -> int:
        """Judge the rows against each other and the portfolio; answers how many were refused."""
        titles = {
            field: layout.title(field) for field in ("document", "name", "due_on", "principal")
        }
        said = {
            "creditor": creditor,
            "mapping": dict(self.options.mapping),
            "header": list(layout.header),
            "header_key": headers.key(table.header),
            "is_rehearsal": self.options.dry_run,
        }
        refused: int = _value(
            self.connection,
            "select private.plan_portfolio(%s, %s, %s, %s, %s)",
            self.import_id, _json(titles), self.options.absent, CHUNK_ROWS, _json(said),
        )  # fmt: skip
        return refused

    def _keep_cells(self, table: tables.Table, columns: int) -> None:
        """Read the file once more for the refused lines: they go back as they stood."""
        refused = [
            line
            for (line,) in self.connection.execute(
                "select line from public.import_rejects where import_id = %s"
                " order by line limit %s",
                (self.import_id, REJECTS_WITH_CELLS),
            )
        ]
        _value(self.connection, "select private.open_reject_cells()")
        table.file.seek(0)
        statement = b"copy pg_temp.import_cells (line, cells) from stdin"
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for frame in reading.blocks(table.file, table.dialect, columns):
                wanted = frame.filter(frame["line"].is_in(refused))
                for line, *cells in wanted.iter_rows():
                    copy.write_row((line, [cell or "" for cell in cells[:columns]]))
        _value(self.connection, "select private.keep_reject_cells(%s)", self.import_id)

    def report_counted(self, rows: int) -> None:
        """The chunks of a dry run tell nobody else."""
        self._report("planning", rows)

    def _report(self, phase: str, counted: int = 0, *, now: bool = False) -> None:
        if self.journal is not None:
            self.journal.report(phase, self.rows, self.valid, counted, self.total, now=now)


def _value(connection: "Connection", statement: str, *values: object) -> Any:
    return _row(connection, statement, *values)[0]


def _row(connection: "Connection", statement: str, *values: object) -> Any:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None:
        raise RuntimeError("a function answers one row")
    return row


def saved_mapping(
    connection: "Connection", creditor_id: str | None, header: list[str]
) -> dict[str, str]:
    """What was said the last time about the creditor's file, or about one with these headers."""
    row = connection.execute(
        "select private.saved_import_mapping(%s, %s)", (creditor_id, headers.key(header))
    ).fetchone()
    return dict(row[0]) if row and row[0] else {}


def _json(value: object) -> Any:
    from psycopg.types.json import Jsonb

    return Jsonb(value)
