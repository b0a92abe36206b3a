"""Documents of the feed: pages, generations, check sums, and what becomes of cases that leave."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.store.sealed import SealedStore
from sync.protocol import Check, Document, Head, Page, PushResult, record_hash
from tests.store.ground import activity, case, figures, opened, page, records, shown


def check_of(held: dict[tuple[str, str], int]) -> Check:
    check = Check()
    for (kind, doc_id), version in held.items():
        check = check.add(kind, doc_id, version)
    return check


async def test_a_page_brings_documents_and_cursor_and_survives_a_restart(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("case-1"), figures("case-1", 7), cursor="c9", snapshot=True))
    await store.close()
    store = await opened(tmp_path)
    assert await store.cursor() == "c9"
    assert {(d.kind, d.id, d.version, d.body) for d in await store.documents()} == {
        ("case", "case-1", 1, case("case-1").body),
        ("figures", "case-1", 7, figures("case-1").body),
    }
    assert await store.check() == check_of({("case", "case-1"): 1, ("figures", "case-1"): 7})
    assert await store.doctor() == []
    await store.close()


async def test_documents_are_given_by_key_too_and_unknown_ones_are_left_out(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("case-1"), case("case-2"), snapshot=True))
    assert await store.documents([("case", "case-2"), ("case", "case-9")]) == [case("case-2")]
    await store.close()


async def test_an_own_activity_counts_in_the_check_and_has_its_bytes_in_the_journal(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1"))
    assert not await store.lacks(["a1"])
    assert await store.lacks(["a1", "a2"])
    await store.apply(page(Document("activity", "a1", 1, None), snapshot=True))
    assert await store.documents() == [Document("activity", "a1", 1, None)]
    assert await store.check() == check_of({("activity", "a1"): 1})
    await store.close()


async def test_the_feeds_version_is_taken_as_it_comes_even_a_lower_one(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("case-1", 9), snapshot=True))
    await store.apply(page(case("case-1", 3), cursor="c2"))
    assert [d.version for d in await store.documents()] == [3]
    assert await store.check() == check_of({("case", "case-1"): 3})
    await store.close()


async def test_a_new_start_removes_at_its_end_what_it_did_not_show_even_across_a_restart(
    tmp_path: Path,
) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("old"), case("stays"), snapshot=True))
    await store.start_anew()
    assert await store.cursor() == ""
    assert await shown(store) == {("case", "old"), ("case", "stays")}
    await store.apply(page(case("stays"), cursor="s1", more=True, snapshot=True))
    await store.close()
    store = await opened(tmp_path)
    assert await store.cursor() == "s1"
    assert await shown(store) == {("case", "old"), ("case", "stays")}
    await store.apply(page(case("new"), cursor="s2"))
    assert await shown(store) == {("case", "stays"), ("case", "new")}
    assert await store.check() == check_of({("case", "stays"): 1, ("case", "new"): 1})
    await store.close()


async def test_every_page_of_a_new_start_may_say_that_it_is_one(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("one"), cursor="s1", more=True, snapshot=True))
    await store.apply(page(case("two"), cursor="s2", snapshot=True))
    assert await shown(store) == {("case", "one"), ("case", "two")}
    await store.close()


async def test_a_finished_new_start_may_be_followed_by_another_one(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("one"), cursor="s1", snapshot=True))
    await store.apply(page(case("two"), cursor="s2", snapshot=True))
    assert await shown(store) == {("case", "two")}
    await store.close()


async def test_a_page_after_the_last_of_a_new_start_removes_nothing_unnamed(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("one"), snapshot=True))
    await store.apply(page(case("two"), cursor="c2"))
    assert await shown(store) == {("case", "one"), ("case", "two")}
    await store.close()


async def test_a_removed_case_is_gone_for_good_when_nothing_of_it_waits(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("case-1"), figures("case-1"), activity("a9", "case-1"), snapshot=True))
    gone = (("case", "case-1"), ("figures", "case-1"), ("activity", "a9"))
    await store.apply(page(cursor="c2", removed=gone))
    assert await shown(store) == set()
    assert await store.check() == Check()
    assert rows_of(store) == []
    await store.close()


async def test_a_removed_case_with_a_waiting_record_is_hidden_at_once_and_purged_when_it_is_through(
    tmp_path: Path,
) -> None:
    store = await opened(tmp_path)
    await store.apply(
        page(
            *(case("case-1"), figures("case-1"), activity("a9", "case-1")),
            *(case("case-2"), activity("b9", "case-2")),
            snapshot=True,
        )
    )
    await store.append(records(store, "a1", case_id="case-1"))
    gone = (
        ("case", "case-1"),
        ("figures", "case-1"),
        ("activity", "a9"),
        ("case", "case-2"),
        ("activity", "b9"),
    )
    await store.apply(page(cursor="c2", removed=gone))
    assert await shown(store) == set()
    assert await store.check() == Check()
    assert rows_of(store) == ["activity a9 removed", "case case-1 removed", "figures case-1 removed"]
    assert await store.doctor() == []
    await store.acknowledge(await store.head(), [PushResult("a1", "created")])
    assert rows_of(store) == []
    assert [e.activity_id for e in await store.journal()] == ["a1"]
    await store.close()


async def test_a_removed_case_with_a_draft_is_purged_when_the_draft_goes(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("case-1"), snapshot=True))
    await store.save_draft("d1", b'{"case_id":"case-1","kind":"visit"}')
    await store.apply(page(cursor="c2", removed=(("case", "case-1"),)))
    assert rows_of(store) == ["case case-1 removed"]
    await store.drop_draft("d1")
    assert rows_of(store) == []
    await store.close()


async def test_an_activity_of_a_held_case_is_hidden_but_never_purged(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("case-1"), activity("a9", "case-1"), snapshot=True))
    await store.apply(page(cursor="c2", removed=(("activity", "a9"),)))
    assert await shown(store) == {("case", "case-1")}
    assert await store.check() == check_of({("case", "case-1"): 1})
    assert rows_of(store) == ["activity a9 removed", "case case-1 held"]
    await store.apply(page(cursor="c3", removed=(("case", "case-1"),)))
    await store.acknowledge(Head(), [])
    assert rows_of(store) == []
    await store.close()


async def test_a_hidden_case_that_comes_back_is_shown_and_counted_again(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.apply(page(case("case-1"), snapshot=True))
    await store.append(records(store, "a1"))
    await store.apply(page(cursor="c2", removed=(("case", "case-1"),)))
    await store.apply(page(case("case-1", 2), cursor="c3"))
    assert await store.documents() == [case("case-1", 2)]
    assert await store.check() == check_of({("case", "case-1"): 2})
    assert await store.doctor() == []
    await store.close()


async def test_acknowledged_records_stay_with_what_became_of_them(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1", "a2", "a3"))
    entries = await store.journal()
    known = Head(2, record_hash(entries[1].record))
    results = [PushResult("a1", "created"), PushResult("a2", "quarantined", "case unknown")]
    await store.acknowledge(known, results)
    await store.acknowledge(known, [PushResult("a2", "duplicate"), PushResult("gone", "created")])
    await store.close()
    store = await opened(tmp_path)
    assert await store.acknowledged() == known
    assert [(e.state, e.reason) for e in await store.journal()] == [
        ("uploaded", ""),
        ("quarantined", "case unknown"),
        ("waiting", ""),
    ]
    assert [e.record for e in await store.journal()] == [e.record for e in entries]
    assert await store.doctor() == []
    await store.close()


async def test_after_the_branch_was_restored_what_it_lost_waits_again(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.append(records(store, "a1", "a2", "a3"))
    entries = await store.journal()
    await store.acknowledge(await store.head(), [PushResult(e.activity_id, "created") for e in entries])
    back = Head(1, record_hash(entries[0].record))
    await store.roll_back_acknowledged(back)
    assert await store.acknowledged() == back
    assert [e.state for e in await store.journal()] == ["uploaded", "waiting", "waiting"]
    assert [i.id for i in (await store.records_after(1, 200, 1 << 18)).items] == ["a2", "a3"]
    assert await store.doctor() == []
    await store.close()


async def test_records_to_send_come_in_order_within_count_and_size_but_at_least_one(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    assert (await store.records_after(0, 10, 1_000)).items == ()
    await store.append(records(store, "a1", "a2", "a3", note="长" * 400))
    size = len((await store.journal())[0].record)
    assert [i.id for i in (await store.records_after(0, 2, 1 << 18)).items] == ["a1", "a2"]
    assert [i.id for i in (await store.records_after(0, 9, 2 * size)).items] == ["a1", "a2"]
    assert [i.id for i in (await store.records_after(1, 9, 1)).items] == ["a2"]
    await store.close()


IDS = st.sampled_from(["x", "y", "z"])
KINDS = st.sampled_from(["case", "figures", "activity", "settings"])
DOC = st.tuples(KINDS, IDS, st.integers(1, 4))
STEP = st.one_of(
    st.tuples(st.just("page"), st.lists(DOC, max_size=5), st.lists(st.tuples(KINDS, IDS), max_size=3)),
    st.tuples(
        st.just("snapshot"), st.lists(st.lists(DOC, max_size=4), min_size=1, max_size=3), st.integers(0, 3)
    ),
    st.tuples(st.just("record"), IDS, st.none()),
    st.tuples(st.just("acknowledge"), st.none(), st.none()),
    st.tuples(st.just("reopen"), st.none(), st.none()),
)


def documents(docs: list[tuple[str, str, int]]) -> tuple[Document, ...]:
    made = []
    for kind, doc_id, version in docs:
        body = b'{"case_id":"%s"}' % doc_id.encode() if kind == "activity" else b'{"v":%d}' % version
        made.append(Document(kind, doc_id, version, body))
    return tuple(made)


class Feed:
    """The feed as a dict, beside the store: both are given the same pages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: dict[tuple[str, str], int] = {}
        self.count = 0

    async def do(self, store: SealedStore, step: tuple) -> SealedStore:
        steps: dict[str, Callable] = {
            "page": self.page,
            "snapshot": self.snapshot,
            "record": self.record,
            "acknowledge": self.acknowledge,
            "reopen": self.reopen,
        }
        return await steps[step[0]](store, *step[1:]) or store

    def cursor(self) -> str:
        self.count += 1
        return f"c{self.count}"

    async def page(self, store: SealedStore, docs: list, removed: list) -> None:
        await store.apply(Page(self.cursor(), False, 0, False, documents(docs), tuple(removed)))
        for key in removed:
            self.held.pop(key, None)
        self.held |= {(k, i): v for k, i, v in docs}

    async def snapshot(self, store: SealedStore, pages: list[list], cut_at: int) -> SealedStore:
        """A cut one ends after some page and is begun again from the start, as after `cursor_expired`."""
        for begun in (pages[:cut_at], pages):
            await store.start_anew()
            for n, docs in enumerate(begun):
                more = begun is not pages or n < len(pages) - 1
                await store.apply(Page(self.cursor(), more, 0, n == 0, documents(docs)))
                self.held |= {(k, i): v for k, i, v in docs}
            store = await self.reopen(store)
        self.held = {(k, i): v for docs in pages for k, i, v in docs}
        return store

    async def record(self, store: SealedStore, case_id: str, _: None) -> None:
        await store.append(records(store, f"r{self.cursor()}", case_id=case_id))

    async def acknowledge(self, store: SealedStore, _: None, __: None) -> None:
        waiting = [e for e in await store.journal() if e.state == "waiting"]
        await store.acknowledge(await store.head(), [PushResult(e.activity_id, "created") for e in waiting])

    async def reopen(self, store: SealedStore, *_: None) -> SealedStore:
        await store.close()
        return await opened(self.folder)


@given(st.lists(STEP, max_size=8))
async def test_whatever_pages_come_the_store_shows_and_counts_what_the_feed_holds(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        feed = Feed(Path(folder))
        store = await opened(feed.folder)
        for step in steps:
            store = await feed.do(store, step)
            assert {(d.kind, d.id): d.version for d in await store.documents()} == feed.held
            assert await store.check() == check_of(feed.held)
        assert await store.doctor() == []
        waiting = {e.activity_id for e in await store.journal() if e.state == "waiting"}
        if not waiting and steps and steps[-1][0] == "acknowledge":
            held = {i for k, i in feed.held if k == "case"}
            kinds = {tuple(r.split()[:2]) for r in rows_of(store) if r.endswith("removed")}
            assert {k for k in kinds if k[0] != "activity" or k[1] not in held} == set()
        await store.close()


def rows_of(store: SealedStore) -> list[str]:
    rows = store._db.execute("SELECT kind, id, state FROM document ORDER BY kind, id")
    return [" ".join(row) for row in rows]
