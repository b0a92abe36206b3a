"""One sync against a hand-written branch and replica: what is sent, repeated, started anew, and reported."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence

import pytest

from sync.engine import Engine, Progress
from sync.protocol import (
    Check,
    Document,
    EnrolAnswer,
    EnrolRequest,
    Head,
    Hello,
    Item,
    Page,
    PushAnswer,
    PushRequest,
    PushResult,
    Refused,
    Run,
    Unreachable,
    WaitingFile,
    record_hash,
    weight,
)


class Clock:
    def __init__(self) -> None:
        self.wall, self.mono = 1_000_000, 0

    def wall_ms(self) -> int:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.mono

    def passes(self, ms: int) -> None:
        self.wall += ms
        self.mono += ms


class BranchOfLists:
    """Keeps pushed records in a list and serves pages from another; `failures` are raised one a call."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.records: list[Item] = []
        self.pages: dict[str, Page] = {}
        self.pushes: list[PushRequest] = []
        self.pulls: list[tuple[str, bool]] = []
        self.failures: list[Exception | None] = []
        self.uploads: dict[str, bytes] = {}
        self.made: list[str] = []
        self.on_chunk: Callable[[], None] | None = None
        self.slow_ms = 0
        self.lost_answers: list[Exception] = []
        self.overtaken: asyncio.Event | None = None
        self.turns_to_store = self.at_once = self.most_at_once = 0

    @property
    def head(self) -> Head:
        return Head(len(self.records), record_hash(self.records[-1].record)) if self.records else Head()

    def _maybe_fail(self) -> None:
        self.clock.passes(self.slow_ms)
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure

    async def hello(self) -> Hello:
        raise AssertionError("a sync does not ask")

    async def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        raise AssertionError("a sync does not ask")

    async def push(self, request: PushRequest) -> PushAnswer:
        self.pushes.append(request)
        if self.overtaken is not None:
            if len(self.pushes) == 1:
                await self.overtaken.wait()
            self.overtaken.set()
        self._maybe_fail()
        stored = [i.id for i in self.records]
        fresh = [i for i in request.items if i.id not in stored]
        if fresh and int(fresh[0].record) != len(self.records) + 1:
            raise Refused(409, "resend_from", {"resend_from": len(self.records) + 1})
        self.records += fresh
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(self.turns_to_store):
            await asyncio.sleep(0)
        self.at_once -= 1
        if self.lost_answers:
            raise self.lost_answers.pop(0)
        results = [PushResult(i.id, "created" if i in fresh else "duplicate") for i in request.items]
        return PushAnswer(self.clock.wall + 5_000, self.head, tuple(results))

    async def pull(self, cursor: str, *, own: bool = False) -> Page:
        self.pulls.append((cursor, own))
        self._maybe_fail()
        return self.pages[cursor]

    async def create_upload(self, activity_id: str, sha256: str, size: int) -> str:
        self._maybe_fail()
        address = f"/u{len(self.made)}"
        self.made.append(sha256)
        self.uploads[address] = b""
        return address

    async def upload_offset(self, address: str) -> int:
        self._maybe_fail()
        if address not in self.uploads:
            raise Refused(404, "")
        return len(self.uploads[address])

    async def send_chunk(self, address: str, offset: int, chunk: bytes) -> int:
        self._maybe_fail()
        if offset != len(self.uploads[address]):
            raise Refused(409, "offset")
        self.uploads[address] += chunk
        if self.on_chunk is not None:
            self.on_chunk()
        return len(self.uploads[address])

    async def file(self, activity_id: str, sha256: str) -> bytes:
        raise AssertionError("a sync does not ask")

    async def close(self) -> None:
        raise AssertionError("the engine does not own the branch")


class ReplicaOfLists:
    def __init__(self, n: int) -> None:
        self.items = [Item(f"id{k}", str(k).encode()) for k in range(1, n + 1)]
        self.acked = Head()
        self.at = ""
        self.before_apply: Callable[[], None] = lambda: None
        self.docs: dict[tuple[str, str], int] = {}
        self.offsets: list[int] = []
        self.lacking: set[str] = set()
        self.asked: list[tuple[int, int]] = []
        self.contents: dict[str, bytes] = {}
        self.begun: dict[str, WaitingFile] = {}
        self.sent: list[str] = []
        self.tidied: list[int] = []

    async def head(self) -> Head:
        return Head(len(self.items), record_hash(self.items[-1].record)) if self.items else Head()

    async def acknowledged(self) -> Head:
        return self.acked

    async def records_after(self, seq: int, max_items: int, max_bytes: int) -> Run:
        self.asked.append((seq, max_items))
        return Run(seq + 1, tuple(self.items[seq : seq + max_items]))

    async def acknowledge(self, head: Head, results: Sequence[PushResult]) -> None:
        self.acked = head

    async def tidy(self) -> None:
        self.tidied.append(self.acked.seq)

    async def roll_back_acknowledged(self, head: Head) -> None:
        self.acked = head

    async def declare_lost(self, wanted: int) -> tuple[int, int] | None:
        return None

    async def cursor(self) -> str:
        return self.at

    async def lacks(self, activity_ids: Sequence[str]) -> bool:
        return bool(self.lacking & set(activity_ids))

    async def apply(self, page: Page) -> None:
        self.before_apply()
        self.docs |= {(d.kind, d.id): d.version for d in page.docs}
        for gone in page.removed:
            self.docs.pop(gone, None)
        self.at = page.cursor

    async def check(self) -> Check:
        check = Check()
        for (kind, doc_id), version in self.docs.items():
            check = check.add(kind, doc_id, version)
        return check

    async def start_anew(self) -> None:
        self.at = ""

    async def note_offset(self, offset_ms: int) -> None:
        self.offsets.append(offset_ms)

    async def files_waiting(self) -> Sequence[WaitingFile]:
        return [self.begun.get(i, WaitingFile(i, 0)) for i in self.contents if i not in self.sent]

    async def file_bytes(self, file: WaitingFile) -> bytes | None:
        return self.contents[file.activity_id]

    async def note_upload(self, file: WaitingFile) -> None:
        self.begun[file.activity_id] = file

    async def file_sent(self, file: WaitingFile) -> None:
        self.sent.append(file.activity_id)

    async def offer_files_again(self) -> None:
        self.sent.clear()
        self.begun.clear()


def make(n: int = 0) -> tuple[Engine, BranchOfLists, ReplicaOfLists]:
    clock = Clock()
    branch, replica = BranchOfLists(clock), ReplicaOfLists(n)
    branch.pages[""] = Page("c1", False, clock.wall + 5_000, True, check=Check())
    branch.pages["c1"] = Page("c1", False, clock.wall + 5_000, False, check=Check())
    return Engine(branch, replica, clock), branch, replica


async def test_the_head_is_declared_even_with_nothing_to_send() -> None:
    engine, branch, _ = make()
    report = await engine.sync()
    assert [(p.head, p.items) for p in branch.pushes] == [(Head(), ())]
    assert report.pushed == 0


async def test_many_records_go_in_batches_of_at_most_200_and_each_once() -> None:
    engine, branch, replica = make(450)
    seen: list[Progress] = []
    report = await engine.sync(seen.append)
    assert [len(p.items) for p in branch.pushes] == [200, 200, 50]
    assert [i.id for i in branch.records] == [i.id for i in replica.items]
    assert report.pushed == 450
    assert replica.acked == await replica.head()
    assert [(p.done, p.total) for p in seen if p.phase == "push"] == [
        (0, 450),
        (200, 450),
        (400, 450),
        (450, 450),
    ]


async def test_a_lost_answer_is_repaired_by_the_next_sync_without_a_duplicate() -> None:
    engine, branch, replica = make(3)
    branch.lost_answers = [Unreachable("cut")]
    with pytest.raises(Unreachable):
        await engine.sync()
    await engine.sync()
    assert [i.id for i in branch.records] == ["id1", "id2", "id3"]
    assert replica.acked.seq == 3


async def test_a_timeout_halves_the_batch_and_one_record_that_times_out_ends_the_sync() -> None:
    engine, branch, _ = make(8)
    branch.failures = [Unreachable("timeout"), Unreachable("timeout"), None]
    await engine.sync()
    assert [len(p.items) for p in branch.pushes] == [8, 4, 2, 2, 2, 2]
    engine, branch, _ = make(1)
    branch.failures = [Unreachable("timeout")]
    with pytest.raises(Unreachable):
        await engine.sync()


async def test_what_the_branch_stored_though_its_answer_timed_out_is_answered_record_by_record() -> None:
    engine, branch, _ = make(8)
    branch.lost_answers = [Unreachable("timeout")]
    await engine.sync()
    assert [len(p.items) for p in branch.pushes] == [8, 4, 4]
    assert {r.status for r in engine.results.values()} == {"duplicate"}
    assert len(engine.results) == 8


async def test_what_the_branch_has_beyond_its_answers_is_asked_for_by_the_next_sync() -> None:
    engine, branch, replica = make(450)
    branch.records = list(replica.items)
    branch.failures = [None, Unreachable("cut")]
    with pytest.raises(Unreachable):
        await engine.sync()
    assert replica.acked == Head(200, record_hash(replica.items[199].record))
    await engine.sync()
    assert len(engine.results) == 450
    assert replica.acked == await replica.head()


async def test_the_next_push_is_on_its_way_while_the_branch_stores_one_and_never_a_third() -> None:
    engine, branch, replica = make(1000)
    branch.turns_to_store = 50
    await engine.sync()
    assert branch.most_at_once == 2
    assert [i.id for i in branch.records] == [i.id for i in replica.items]


async def test_a_push_that_overtook_the_one_before_it_is_sent_again_in_its_turn() -> None:
    engine, branch, replica = make(450)
    branch.overtaken = asyncio.Event()
    report = await engine.sync()
    assert [int(p.items[0].record) for p in branch.pushes if p.items] == [1, 201, 401, 201, 401]
    assert [i.id for i in branch.records] == [i.id for i in replica.items]
    assert (report.pushed, report.restored) == (450, False)


async def test_a_push_that_fails_takes_the_next_one_back_from_the_wire() -> None:
    engine, branch, replica = make(450)
    branch.failures = [Unreachable("cut")]
    with pytest.raises(Unreachable):
        await engine.sync()
    assert replica.acked == Head()
    assert len(asyncio.all_tasks()) == 1


async def test_a_restored_branch_gets_its_lost_records_again_and_the_pull_starts_anew() -> None:
    engine, branch, replica = make(5)
    await engine.sync()
    branch.records = branch.records[:2]
    replica.items.append(Item("id6", b"6"))
    report = await engine.sync()
    assert report.restored
    assert [i.id for i in branch.records] == [f"id{k}" for k in range(1, 7)]
    assert branch.pulls[-1] == ("", False)


async def test_a_restored_branch_is_noticed_with_nothing_new_to_send() -> None:
    engine, branch, replica = make(5)
    await engine.sync()
    branch.records = branch.records[:2]
    report = await engine.sync()
    assert report.restored
    assert len(branch.records) == 5
    assert replica.acked.seq == 5


async def test_a_branch_that_asks_for_what_was_just_sent_does_not_loop() -> None:
    engine, branch, _ = make(1)
    branch.failures = [Refused(409, "resend_from", {"resend_from": 1})]
    with pytest.raises(Refused):
        await engine.sync()


async def test_the_phone_tidies_up_what_was_acknowledged_while_the_first_page_is_on_its_way() -> None:
    engine, branch, replica = make(3)
    branch.failures = [None, Unreachable("cut")]
    with pytest.raises(Unreachable):
        await engine.sync()
    assert (replica.tidied, branch.pulls) == ([3], [("", False)])


async def test_pages_are_pulled_to_the_end() -> None:
    engine, branch, replica = make()
    doc = Document("case", "a", 1, b"x")
    branch.pages[""] = Page("p", True, 0, True, (doc,))
    branch.pages["p"] = Page(
        "c1",
        False,
        0,
        False,
        (Document("case", "b", 1, b"y"),),
        (("case", "a"),),
        Check().add("case", "b", 1),
    )
    report = await engine.sync()
    assert (report.pulled, report.removed, report.mismatch) == (2, 1, False)
    assert engine.touched == {("case", "b")}
    assert engine.gone == {("case", "a")}
    assert replica.at == "c1"


async def test_a_wrong_check_sum_means_one_new_start_and_a_second_is_reported() -> None:
    engine, branch, replica = make()
    replica.at = "c1"
    branch.pages["c1"] = branch.pages[""] = Page("c1", False, 0, False, check=Check(7, 7))
    report = await engine.sync()
    assert report.mismatch
    assert report.started_anew
    assert branch.pulls == [("c1", False), ("", False)]


async def test_an_expired_cursor_starts_anew_once() -> None:
    engine, branch, replica = make()
    replica.at = "old"
    branch.failures = [None, Refused(410, "cursor_expired")]
    report = await engine.sync()
    assert report.started_anew
    assert branch.pulls == [("old", False), ("", False)]


async def test_an_own_record_the_phone_lacks_is_asked_for_with_its_bytes() -> None:
    engine, branch, replica = make()
    replica.lacking = {"mine"}
    branch.pages[""] = Page(
        "c1", False, 0, True, (Document("activity", "mine", 1, None),), (), Check().add("activity", "mine", 1)
    )
    await engine.sync()
    assert branch.pulls == [("", False), ("", True)]


async def test_a_page_that_leads_nowhere_ends_the_sync() -> None:
    engine, branch, _ = make()
    branch.pages[""] = Page("", True, 0, False)
    with pytest.raises(Unreachable):
        await engine.sync()


async def test_the_offset_is_measured_at_the_middle_of_the_round_trip_and_not_over_slow_ones() -> None:
    engine, branch, replica = make()
    branch.slow_ms = 1_000
    branch.pages[""] = Page("c1", False, 1_000_000 + 5_000 + 1_500, True, check=Check())
    await engine.sync()
    assert replica.offsets == [5_500]
    replica.offsets.clear()
    branch.slow_ms = 3_000
    await engine.sync()
    assert replica.offsets == []


async def test_of_the_round_trips_of_a_sync_a_much_shorter_one_says_better_what_time_it_is() -> None:
    engine, branch, replica = make(1)
    branch.slow_ms = 1_000
    branch.pages[""] = Page("c", False, 1_000_000, True, check=Check())

    def quick_from_now_on(told: Progress) -> None:
        if told.done:
            branch.slow_ms = 0

    await engine.sync(quick_from_now_on)
    assert replica.offsets == [5_500, -1_000]


async def test_the_next_page_is_on_its_way_while_one_is_applied() -> None:
    engine, branch, replica = make()
    branch.pages[""] = Page("p", True, 0, True, (Document("case", "a", 1, b"x"),))
    branch.pages["p"] = Page("c", False, 0, True, check=Check(1, weight("case", "a", 1)))
    asked_before: list[list[tuple[str, bool]]] = []
    replica.before_apply = lambda: asked_before.append(list(branch.pulls))
    await engine.sync()
    assert asked_before == [[("", False), ("p", False)], [("", False), ("p", False)]]


async def test_a_page_that_cannot_be_applied_gives_up_the_one_on_its_way() -> None:
    engine, branch, replica = make()
    branch.pages[""] = Page("p", True, 0, True, (Document("case", "a", 1, b"x"),))
    branch.failures = [None, None, Unreachable("cut")]

    def full() -> None:
        raise OSError("no room")

    replica.before_apply = full
    with pytest.raises(OSError, match="no room"):
        await engine.sync()
    assert replica.at == ""
    assert len(asyncio.all_tasks()) == 1


async def test_what_was_applied_before_a_failure_is_told() -> None:
    engine, branch, _ = make(1)
    branch.pages[""] = Page("p", True, 0, False, (Document("case", "a", 1, b"x"),))
    branch.failures = [None, None, Unreachable("cut")]
    call: Awaitable[object] = engine.sync()
    with pytest.raises(Unreachable):
        await call
    assert engine.touched == {("case", "a")}
    assert engine.results["id1"].status == "created"


BIG = bytes(range(256)) * 3000  # three pieces


async def test_a_file_goes_in_pieces_of_256_kib_and_is_then_sent() -> None:
    engine, branch, replica = make(1)
    replica.contents["id1"] = BIG
    report = await engine.sync()
    assert branch.uploads == {"/u0": BIG}
    assert (replica.sent, report.files_sent, report.files_waiting) == (["id1"], 1, 0)


async def test_an_upload_that_was_cut_goes_on_where_the_branch_stands_even_after_a_lost_answer() -> None:
    engine, branch, replica = make(1)
    replica.contents["id1"] = BIG
    branch.failures = [None, None, None, None, Unreachable("cut")]
    report = await engine.sync()
    assert isinstance(report.files_trouble, Unreachable)
    assert (report.files_waiting, replica.begun["id1"].address) == (1, "/u0")
    branch.uploads["/u0"] = BIG[: 300 * 1024]  # more of it had arrived than this phone was told
    await engine.sync()
    assert branch.uploads == {"/u0": BIG}
    assert replica.sent == ["id1"]


async def test_an_upload_the_branch_has_forgotten_is_begun_again() -> None:
    engine, branch, replica = make(1)
    replica.contents["id1"] = BIG
    replica.begun["id1"] = WaitingFile("id1", 0, "/old", 5)
    await engine.sync()
    assert branch.uploads == {"/u0": BIG}


async def test_a_file_refused_as_the_wrong_one_is_sent_anew_once_then_told_and_the_next_one_goes() -> None:
    engine, branch, replica = make(2)
    replica.contents |= {"id1": b"one", "id2": b"two"}
    wrong = Refused(460, "wrong_file")
    branch.failures = [None, None, None, wrong, None, wrong]
    report = await engine.sync()
    assert report.files_trouble is wrong
    assert (replica.sent, report.files_waiting, replica.begun["id1"].address) == (["id2"], 1, "")


async def test_what_is_recorded_while_a_photo_goes_does_not_wait_for_it() -> None:
    engine, branch, replica = make(1)
    replica.contents["id1"] = BIG

    def write_one() -> None:
        branch.on_chunk = None
        replica.items.append(Item("id2", b"2"))

    branch.on_chunk = write_one
    report = await engine.sync()
    assert [p.items and p.items[0].id for p in branch.pushes] == ["id1", "id2"]
    assert (report.pushed, report.files_sent) == (2, 1)


async def test_an_app_too_old_to_pull_has_pushed_and_sends_its_files() -> None:
    engine, branch, replica = make(1)
    replica.contents["id1"] = b"one"
    branch.failures = [None, Refused(426, "app_too_old")]
    with pytest.raises(Refused):
        await engine.sync()
    assert ([i.id for i in branch.records], replica.sent) == (["id1"], ["id1"])


async def test_after_a_restore_all_files_are_offered_again() -> None:
    engine, branch, replica = make(2)
    replica.contents["id1"] = b"one"
    await engine.sync()
    branch.records, branch.uploads = branch.records[:1], {}
    await engine.sync()
    assert list(branch.uploads.values()) == [b"one"]


async def test_a_sync_given_up_at_any_moment_leaves_no_error_behind_that_nobody_has_seen() -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))
    for turns in range(15):
        engine, branch, _ = make(3)
        branch.failures = [Unreachable("cut")]
        sync = asyncio.ensure_future(engine.sync())
        for _ in range(turns):
            await asyncio.sleep(0)
        sync.cancel()
        with pytest.raises((asyncio.CancelledError, Unreachable)):
            await sync
    gc.collect()
    assert told == []
