from decimal import Decimal

from app.ui.screens.customers import Filters, narrowed
from app.views import Row
from tests.support.fake_notebook import FakeNotebook, case_id_of
from tests.ui.officer import FakeDevice, Officer, inside


def shown(officer: Officer) -> list[str]:
    by_id = {f"customer-{i}": case.borrower.name for i, (case, _) in officer.notebook.cases.items()}
    return [by_id[c.key] for c in officer.screen.controls() if isinstance(c.key, str) and c.key in by_id]


async def test_all_cases_are_there_in_the_plans_order() -> None:
    async with inside(tab="customers") as officer:
        assert officer.screen.find(key="count").value == "12 户"
        assert shown(officer)[:3] == ["龚䶮", "王喆", "李堃"]


async def test_searching_by_initials_phone_tail_and_village_needs_no_tap_but_the_field() -> None:
    async with inside(tab="customers") as officer:
        for query, found in (
            ("wz", ["王喆"]),
            ("0007", ["王喆", "赵铁柱"]),
            ("柏林村", ["王喆"]),
            ("51012026", shown(officer)),
        ):
            await officer.screen.write(query, key="search")
            assert shown(officer) == found
        assert officer.screen.taps == 0


async def test_a_search_that_finds_nobody_offers_to_show_all() -> None:
    async with inside(tab="customers") as officer:
        await officer.screen.write("zzz", key="search")
        assert officer.screen.shows("没有找到")
        await officer.screen.tap(key="show-all")
        assert len(shown(officer)) == 12


async def test_a_town_narrows_the_list_and_the_count_follows() -> None:
    async with inside(tab="customers") as officer:
        await officer.screen.tap(key="town-石桥镇")
        assert shown(officer) == ["龚䶮", "王喆", "李堃", "刘桂兰"]
        assert officer.screen.find(key="count").value == "4 户"
        await officer.screen.tap(key="town-all")
        assert len(shown(officer)) == 12


async def test_the_largest_amount_comes_first_when_sorted_by_amount() -> None:
    async with inside(tab="customers") as officer:
        await officer.screen.tap(key="order-amount")
        assert shown(officer)[:2] == ["买买提江·吐尔逊", "孙大海"]


def row(name: str, rank: int, *, amount: str = "1.00", dpd: int = 1, metres: int | None = None) -> Row:
    return Row(
        case_id=name, contract_no="", name=name, status="open", dpd=dpd, day=dpd, amount_due=Decimal(amount), town="",
        village="", group_no="", phone_tail="", stage="d1_3", reason="", rank=rank, distance_m=metres,
    )  # fmt: skip


def test_rows_without_a_position_come_last_by_distance_and_ties_keep_the_plans_order() -> None:
    rows = [
        row("far", 0, metres=900),
        row("unknown", 1),
        row("near", 2, metres=10),
        row("also near", 3, metres=10),
    ]
    assert [r.name for r in narrowed(rows, Filters(order="distance"))] == [
        "near",
        "also near",
        "far",
        "unknown",
    ]


def test_the_longest_overdue_comes_first_by_days() -> None:
    assert [r.name for r in narrowed([row("a", 0, dpd=3), row("b", 1, dpd=9)], Filters(order="days"))] == [
        "b",
        "a",
    ]


async def test_a_row_opens_its_case_and_back_leads_to_the_same_search() -> None:
    async with inside(tab="customers") as officer:
        await officer.screen.write("wz", key="search")
        await officer.screen.tap(key=f"customer-{case_id_of('王喆')}")
        assert officer.route == f"/customers/case/{case_id_of('王喆')}"
        await officer.screen.back()
        assert officer.route == "/customers"
        assert shown(officer) == ["王喆"]


async def test_two_thousand_customers_come_in_a_window_that_grows_ahead_of_the_scroll() -> None:
    async with inside(FakeNotebook(many=2000), tab="customers") as officer:
        assert officer.screen.find(key="count").value == "2012 户"
        first = len(shown(officer))
        assert 40 <= first <= 100
        await officer.screen.scroll(key="customers", pixels=6000.0, of=8000.0)
        assert len(shown(officer)) > first


async def test_growing_the_window_sends_the_new_rows_only() -> None:
    async with inside(FakeNotebook(many=2000), tab="customers") as officer:
        before = officer.screen.client.sent_bytes
        await officer.screen.scroll(key="customers", pixels=6000.0, of=8000.0)
        once = officer.screen.client.sent_bytes - before
        await officer.screen.scroll(key="customers", pixels=20000.0, of=22000.0)
        again = officer.screen.client.sent_bytes - before - once
        assert 0 < again < once * 1.3


async def test_the_end_of_the_list_is_reached_without_losing_a_row() -> None:
    async with inside(FakeNotebook(many=300), tab="customers") as officer:
        for _ in range(6):
            await officer.screen.scroll(key="customers", pixels=3000.0, of=3000.0)
        assert len(shown(officer)) == 312
        assert len(set(shown(officer))) == 312


async def test_a_search_starts_with_a_small_window_again() -> None:
    async with inside(FakeNotebook(many=300), tab="customers") as officer:
        for _ in range(4):
            await officer.screen.scroll(key="customers", pixels=3000.0, of=3000.0)
        await officer.screen.write("村", key="search")
        assert len(shown(officer)) == 60


async def test_without_a_position_no_distance_is_said() -> None:
    async with inside(tab="customers", device=FakeDevice(None)) as officer:
        assert not officer.screen.shows("公里")
        assert officer.screen.shows("石桥镇 · 石桥村")


async def test_without_a_case_the_list_offers_to_sync() -> None:
    async with inside(FakeNotebook(empty=True), tab="customers") as officer:
        assert officer.screen.shows("同步后，分给您的逾期客户会显示在这里")
        before = officer.notebook.syncs
        await officer.screen.tap(key="sync-now")
        assert officer.notebook.syncs == before + 1
