"""Rows to Postgres, and the merge: one transaction of the caller, all accepted rows or none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit import errors
from portfolio import checking, dialects, headers, reading, tables
from portfolio.journal import Journal
from portfolio.options import Options
from portfolio.uploads import FileRefused, Upload

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

# Original cells are kept for so many refused rows; a file with more is a wrong file.
REJECTS_WITH_CELLS = 200_000


class ImportCollided(errors.AppError):
    """Somebody added one of the file's people by hand while the import ran."""

    status, code = 409, "import_collided"


def watched(
    connection: "Connection", upload: Upload, options: Options, journal: Journal
) -> tuple[dict[str, Any], bool]:
    """Import as the connection's caller with a row that people can watch meanwhile.

    Answers what was written, and whether that is the answer of an earlier same request.
    """
    # Held until the transaction ends, however it ends: so the row is known to be alive.
    connection.execute("select private.hold_import(%s)", (journal.import_id,))
    if (known := journal.announce(upload, options)) is not None:
        return known, True
    try:
        answer = run(connection, upload, options, journal)
        connection.commit()
    except errors.AppError as refusal:
        is_cancelled = refusal.code == "import_cancelled"
        connection.rollback()
        journal.ended("cancelled" if is_cancelled else "failed", refusal.code)
        raise
    except BaseException as failure:
        code = _code(failure)
        connection.rollback()
        journal.ended("cancelled" if code == "import_cancelled" else "failed", code)
        raise
    if options.dry_run:
        journal.ended("discarded")
    return answer, False


def _code(failure: BaseException) -> str:
    """The word SQL refused with, or `internal`."""
    said = getattr(failure, "diag", None)
    is_ours = (getattr(failure, "sqlstate", None) or "").startswith("PT")
    return str(said.message_primary) if is_ours and said is not None else "internal"


def run(
    connection: "Connection", upload: Upload, options: Options, journal: Journal | None = None
) -> dict[str, Any]:
    """Import the file as the connection's caller and answer what was written.

    A dry run does all of it and takes it back: its answer is the same but for import_id None.
    """
    import psycopg

    answer: dict[str, Any] = {}
    try:
        with connection.transaction() as everything:
            answer = _Import(connection, upload, options, journal).run()
            if options.dry_run:
                answer["import_id"] = None
                raise psycopg.Rollback(everything)
    except psycopg.errors.UniqueViolation as collision:
        raise ImportCollided("the portfolio changed meanwhile; send the file again") from collision
    return answer


@dataclass
class _Import:
    """One import under way, and the rows it has seen."""

    connection: "Connection"
    upload: Upload
    options: Options
    journal: Journal | None
    import_id: str = ""
    rows: int = 0
    valid: int = 0
    total: int | None = None

    def run(self) -> dict[str, Any]:
        opened = self._one(
            "select import_id, creditor_id, creditor_name"
            " from private.open_import(%s, %s, %s, %s, %s)",
            self.upload.name or None, self.upload.sha256, self.options.creditor,
            self.journal.import_id if self.journal else None, self._source(),
        )  # fmt: skip
        self.import_id, creditor_id, creditor_name = opened
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
            answer = self._merge(layout)
            if answer["rejected"]:
                self._keep_cells(table, len(layout.header))
        if self.options.mapping:
            self._one(
                "select private.save_import_mapping("
                "(select imports.creditor_id from public.imports where id = %s), %s, %s)",
                self.import_id, headers.key(table.header), _json(dict(self.options.mapping)),
            )  # fmt: skip
        if self.options.idempotency_key and not self.options.dry_run:
            self._one("select private.keep_import_answer(%s, %s)", self.import_id, _json(answer))
        return answer

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

    def _merge(self, layout: headers.Layout) -> dict[str, Any]:
        titles = {
            field: layout.title(field) for field in ("document", "name", "due_on", "principal")
        }
        self._report("writing", now=True)
        self._one(
            "select private.plan_portfolio(%s, %s, %s)",
            self.import_id, _json(titles), self.options.absent,
        )  # fmt: skip
        self._report("writing", written=self.valid // 4, now=True)
        self._one("select private.write_import_clients(%s)", self.import_id)
        # People, phones and indexes of people are a little more than half of the writing.
        self._report("writing", written=self.valid * 3 // 5, now=True)
        self._one("select private.write_import_debts(%s)", self.import_id)
        self._report("writing", written=self.valid, now=True)
        [answer] = self._one(
            "select private.close_import(%s, %s)", self.import_id, list(layout.header)
        )
        return dict(answer)

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
        self._one("select private.open_reject_cells()")
        table.file.seek(0)
        statement = b"copy pg_temp.import_cells (line, cells) from stdin"
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for frame in reading.blocks(table.file, table.dialect, columns):
                wanted = frame.filter(frame["line"].is_in(refused))
                for line, *cells in wanted.iter_rows():
                    copy.write_row((line, [cell or "" for cell in cells[:columns]]))
        self._one("select private.keep_reject_cells(%s)", self.import_id)

    def _report(self, phase: str, written: int = 0, *, now: bool = False) -> None:
        if self.journal is not None:
            self.journal.report(phase, self.rows, self.valid, written, self.total, now=now)

    def _one(self, statement: str, *values: object) -> Any:
        row = self.connection.execute(statement.encode(), values).fetchone()
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
