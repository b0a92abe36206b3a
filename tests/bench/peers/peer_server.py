"""Our server among the peers: the real branch over its own database, with all of its checks."""

from __future__ import annotations

import os
import threading
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from sync.branch import tables as t
from sync.branch.enrolment import issue_code
from sync.branch.founding import found
from sync.branch.http.serving import listen, make_server, settle_down
from sync.branch.office import Office
from sync.branch.officers import add_officer
from tests.bench.peers.control import given, serve
from tests.bench.peers.documents import OFFICER, case_document

CODE_FILE = "code"


class Server:
    """A branch in SDIR with all cases given to one officer; the code for its phone lies beside it."""

    def __init__(self) -> None:
        folder = Path(os.environ["SDIR"])
        found(folder, "比一比支行")
        self.office = Office.open(folder)
        add_officer(self.office, OFFICER, "赵试")
        (folder / CODE_FILE).write_text(issue_code(self.office, OFFICER).code)

    def start(self) -> dict[str, Any]:
        """Fill it and listen; the port."""
        self._take_cases(given("cases"))
        listening, listener = threading.Event(), listen("127.0.0.1", 0)
        bound = listener.__enter__()
        server = make_server(self.office, listening.set)
        settle_down()
        threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True).start()
        if not listening.wait(30):
            raise RuntimeError("the branch does not listen")
        return {"port": bound.getsockname()[1]}

    def _take_cases(self, rows: list[dict[str, Any]]) -> None:
        cases = [
            {
                "case_id": row["id"],
                "contract_no": row["loan"]["contract_no"],
                "customer_no": row["borrower"]["id_masked"],
                "procedure": "psbc_small_loan",
                "status": "open",
                "status_since": date.fromisoformat(row["loan"]["due_on"]),
            }
            for row in rows
        ]
        with self.office.changing() as changes:
            changes.conn.execute(insert(t.case_), cases)
            changes.assign({row["id"]: OFFICER for row in rows})
            changes.store("case", {row["id"]: case_document(row) for row in rows})

    def mutate(self) -> None:
        """One case in a hundred with new figures."""
        with self.office.changing() as changes:
            changes.store("case", {row["id"]: case_document(row) for row in given("delta")})

    def count(self) -> dict[str, Any]:
        """Distinct activities that stand; a quarantined one does not."""
        act = t.activity.c
        with self.office.reading() as conn:
            asked = select(func.count(act.activity_id.distinct())).where(act.status == "created")
            return {"acts": conn.scalar(asked)}


if __name__ == "__main__":
    ours = Server()
    serve({"start": ours.start, "mutate": ours.mutate, "count": ours.count})
