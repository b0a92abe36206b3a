import tempfile
import uuid
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import insert, select

from sync.branch import tables as t
from sync.branch.devices import secret_hash
from sync.branch.pull import read_page
from sync.protocol import NO_HASH, Check, Page
from tests.support.branch_server import RunningBranch

OFFICERS = ("w001", "w002")


class Feeds(RuleBasedStateMachine):
    """Two officers' feeds under any changes: every phone that applies its pages holds what the tables say."""

    cases = Bundle("cases")

    @initialize()
    def a_branch_with_two_officers(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.branch = RunningBranch(Path(self.folder.name) / "branch")
        self.phones: dict[str, Phone] = {}
        for officer_id in OFFICERS:
            self.branch.officer(officer_id)
            self.phones[officer_id] = Phone(self.branch, officer_id)

    @rule(target=cases, officer_id=st.sampled_from(OFFICERS))
    def a_new_case(self, officer_id: str) -> str:
        return self.branch.case(officer_id)

    @rule(case_id=cases, officer_id=st.sampled_from(OFFICERS))
    def a_case_moves(self, case_id: str, officer_id: str) -> None:
        self.branch.move(case_id, officer_id)

    @rule(case_id=cases, kind=st.sampled_from(("case", "figures")), body=st.integers(0, 2))
    def a_document_changes(self, case_id: str, kind: str, body: int) -> None:
        self.branch.update(kind, case_id, {"case_id": case_id, "n": body})

    @rule(case_id=cases, officer_id=st.sampled_from(OFFICERS))
    def a_case_moves_and_changes_at_once(self, case_id: str, officer_id: str) -> None:
        with self.branch.office.changing() as changes:
            changes.store("case", {case_id: uuid.uuid4().bytes})
            changes.assign({case_id: officer_id})

    @rule(case_id=cases, by=st.sampled_from(OFFICERS))
    def an_activity_is_recorded(self, case_id: str, by: str) -> None:
        self.phones[by].record(case_id)

    @rule(body=st.integers(0, 2))
    def a_setting_changes(self, body: int) -> None:
        self.branch.update("settings", "words", {"n": str(body)})

    @rule(officer_id=st.sampled_from(OFFICERS), limit=st.integers(1, 9))
    def a_phone_reads_a_page(self, officer_id: str, limit: int) -> None:
        self.phones[officer_id].page(limit)

    @rule(officer_id=st.sampled_from(OFFICERS))
    def a_phone_starts_anew(self, officer_id: str) -> None:
        self.phones[officer_id].cursor = ""

    @rule(officer_id=st.sampled_from(OFFICERS), limit=st.integers(1, 9))
    def a_phone_reads_to_the_end(self, officer_id: str, limit: int) -> None:
        phone = self.phones[officer_id]
        while phone.page(limit):
            pass
        assert phone.held == self.wanted(officer_id)

    @invariant()
    def the_check_kept_is_the_check_computed(self) -> None:
        for officer_id in OFFICERS if hasattr(self, "phones") else ():
            check = Check()
            for (kind, doc_id), version in self.wanted(officer_id).items():
                check = check.add(kind, doc_id, version)
            with self.branch.office.reading() as conn:
                kept = conn.execute(select(t.feed).where(t.feed.c.officer_id == officer_id)).one()
            assert Check(kept[2], int(kept[3], 16)) == check

    def wanted(self, officer_id: str) -> dict[tuple[str, str], int]:
        """An officer's feed from the tables, without looking at any feed."""
        with self.branch.office.reading() as conn:
            mine = set(conn.scalars(select(t.case_.c.case_id).where(t.case_.c.officer_id == officer_id)))
            documents = {
                (row.kind, row.doc_id): row.version
                for row in conn.execute(select(t.document))
                if row.kind == "settings" or row.doc_id in mine
            }
            activities = {
                ("activity", row.activity_id): 1
                for row in conn.execute(select(t.activity).where(t.activity.c.case_id.in_(mine)))
            }
        return documents | activities

    def teardown(self) -> None:
        if hasattr(self, "branch"):
            self.branch.close()
            self.folder.cleanup()


class Phone:
    """A device that reads pages and applies them as protocol.md says."""

    def __init__(self, branch: RunningBranch, officer_id: str) -> None:
        self.branch, self.officer_id = branch, officer_id
        self.device_id, self.secret = str(uuid.uuid4()), f"secret of {officer_id}"
        self.cursor, self.seq = "", 0
        self.held: dict[tuple[str, str], int] = {}
        self.seen: set[tuple[str, str]] | None = None
        with branch.office.changing() as changes:
            changes.conn.execute(
                insert(t.device).values(
                    device_id=self.device_id,
                    officer_id=officer_id,
                    secret_hash=secret_hash(self.secret),
                    head_seq=0,
                    head_hash=NO_HASH,
                    declared_seq=0,
                    declared_hash=NO_HASH,
                    enrolled_ms=0,
                )
            )

    def record(self, case_id: str) -> None:
        self.seq += 1
        activity_id = str(uuid.uuid4())
        with self.branch.office.changing() as changes:
            changes.conn.execute(
                insert(t.activity).values(
                    activity_id=activity_id,
                    device_id=self.device_id,
                    seq=self.seq,
                    prev=NO_HASH,
                    hash=NO_HASH,
                    record=b"{}",
                    status="created",
                    late=False,
                    received_ms=0,
                    case_id=case_id,
                )
            )
            changes.created(case_id, activity_id)

    def page(self, limit: int) -> bool:
        """Read and apply one page; whether there is more."""
        page = Page.decode(read_page(self.branch.office, self.secret, self.cursor, limit, own=False))
        if page.snapshot:
            self.seen = set()
        for doc in page.docs:
            self.held[doc.kind, doc.id] = doc.version
            if self.seen is not None:
                self.seen.add((doc.kind, doc.id))
        for key in page.removed:
            self.held.pop(key, None)
        if not page.more and self.seen is not None:
            self.held = {k: v for k, v in self.held.items() if k in self.seen}
            self.seen = None
        self.cursor = page.cursor
        if not page.more:
            check = Check()
            for (kind, doc_id), version in self.held.items():
                check = check.add(kind, doc_id, version)
            assert page.check == check
        return page.more


Feeds.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestFeeds = Feeds.TestCase


def test_numbers_only_rise_and_every_change_takes_a_new_one(tmp_path: Path):
    branch = RunningBranch(tmp_path / "branch")
    branch.officer()
    case_id = branch.case()
    branch.update("figures", case_id, {"as_of": "2026-11-24"})
    branch.update("case", case_id, {"case_id": case_id})
    with branch.office.reading() as conn:
        seqs = list(conn.scalars(select(t.feed_item.c.seq).order_by(t.feed_item.c.seq)))
        newest = conn.scalar(select(t.feed.c.seq))

    assert newest == seqs[-1] == 7 + 2 + 2
    assert len(seqs) == len(set(seqs)) == 7 + 2
    branch.close()


def test_a_transaction_that_fails_leaves_no_trace_in_any_feed(tmp_path: Path):
    branch = RunningBranch(tmp_path / "branch")
    branch.officer()
    case_id = branch.case()
    with branch.office.reading() as conn:
        before = conn.execute(select(t.feed)).all()
    try:
        with branch.office.changing() as changes:
            changes.store("case", {case_id: b"{}"})
            raise KeyError("the import failed")
    except KeyError:
        with branch.office.reading() as conn:
            assert conn.execute(select(t.feed)).all() == before
            version = select(t.document.c.version).where(t.document.c.doc_id == case_id)
            assert set(conn.scalars(version)) == {1}
    branch.close()
