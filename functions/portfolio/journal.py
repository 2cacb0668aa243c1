"""What people see of an import while it runs: its committed row, beside its open transactions."""

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kit import errors, log
from portfolio.options import Options
from portfolio.uploads import Upload

if TYPE_CHECKING:
    import psycopg

REPORT_SECONDS = 0.5  # a bar that moves twice a second looks alive

Opener = Callable[[], "contextlib.AbstractContextManager[psycopg.Connection[Any]]"]


class ImportCancelled(errors.AppError):
    """Somebody called cancel_import; what was written went back."""

    status, code = 409, "import_cancelled"


class Journal:
    """Reports of one import, each its own short transaction of the same person."""

    def __init__(self, opened: Opener, import_id: str) -> None:
        self.opened, self.import_id = opened, import_id
        self._reported = 0.0

    def announce(self, upload: Upload, options: Options) -> dict[str, Any] | None:
        """Make the row; or what is known of the import that had the same idempotency key: its
        {"answer"}, or {"resume": its id} when it was interrupted."""
        source = "api" if options.api_key_id or upload.kind == "json" else upload.kind
        row = self._call(
            "select private.announce_import(%s, %s, %s, %s, %s, %s, %s, %s)",
            self.import_id,
            upload.name or None,
            upload.sha256,
            source,
            None if options.dry_run else options.idempotency_key,
            options.fingerprint(upload.sha256),
            options.api_key_id,
            options.dry_run,
        )
        return None if row is None else dict(row)

    def report(
        self, phase: str, read: int, valid: int, written: int, total: int | None, *, now: bool
    ) -> None:
        """Rows so far; at most twice a second unless `now`. Raises ImportCancelled when asked to
        stop."""
        if not now and time.monotonic() - self._reported < REPORT_SECONDS:
            return
        self._reported = time.monotonic()
        is_unwanted = self._call(
            "select private.report_import(%s, %s, %s, %s, %s, %s)",
            self.import_id, phase, read, valid, written, total,
        )  # fmt: skip
        if is_unwanted:
            raise ImportCancelled("cancelled; nothing was written")

    def rehearsed(self, answer: dict[str, Any]) -> None:
        """Keep a dry run's answer with its row. Raises ImportCancelled when asked to stop."""
        from psycopg.types.json import Jsonb

        keep = "select private.keep_rehearsal(%s, %s)"
        if not self._call(keep, self.import_id, Jsonb(answer)):
            raise ImportCancelled("cancelled; nothing was written")

    def ended(self, outcome: str, code: str | None = None) -> None:
        """cancelled or failed. An import that succeeds says so itself."""
        try:
            self._call("select private.end_import(%s, %s, %s)", self.import_id, outcome, code)
        except errors.AppError as lost:
            # The row then looks dead to the next who asks, which is what it is.
            log.event("import_end_lost", import_id=self.import_id, error=lost.code)

    def _call(self, statement: str, *values: object) -> Any:
        with self.opened() as connection:
            row = connection.execute(statement.encode(), values).fetchone()
        return row[0] if row else None
