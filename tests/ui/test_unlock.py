from datetime import timedelta
from weakref import WeakSet

from app.domain.message import Message
from app.ports import Busy
from app.ui.locking import LockWatch
from tests.support.fake_notebook import PIN, FakeNotebook
from tests.ui.officer import at_the_door, inside


async def test_six_digits_open_the_notebook_without_a_further_tap() -> None:
    async with at_the_door() as officer:
        await officer.enter_pin()
        assert officer.screen.shows("今日")
        assert officer.screen.taps == 6


async def test_nothing_of_a_customer_is_on_the_page_before_the_pin() -> None:
    async with at_the_door() as officer:
        assert not officer.screen.shows("王喆")


async def test_a_wrong_pin_says_how_many_tries_are_left() -> None:
    async with at_the_door() as officer:
        await officer.enter_pin("111111")
        assert officer.screen.shows("还可以试 9 次")
        assert not officer.screen.shows("王喆")


async def test_a_third_wrong_pin_waits_and_counts_down_with_the_keys_off() -> None:
    async with at_the_door() as officer:
        for _ in range(3):
            await officer.enter_pin("111111")
        assert officer.screen.find(key="unlock-wait").value == "请等 2 秒再试"
        assert officer.screen.find(key="key-1").disabled
        await officer.screen.until(lambda: officer.screen.shows("请等 1 秒再试"))
        await officer.screen.until(lambda: not officer.screen.find(key="key-1").disabled)
        await officer.enter_pin()
        assert officer.screen.shows("王喆")


async def test_after_ten_wrong_pins_it_says_that_nothing_is_lost_and_where_to_go() -> None:
    notebook = FakeNotebook()
    notebook.wrong_pins = 9
    async with at_the_door(notebook) as officer:
        await officer.enter_pin("111111")
        assert officer.screen.shows("请点下方“忘记 PIN？”")
        assert not officer.screen.find_all(key="key-1")  # keys that do nothing would hide what is to be done


async def test_a_digit_can_be_taken_back() -> None:
    async with at_the_door() as officer:
        await officer.screen.tap(key="key-9")
        await officer.screen.tap(key="key-back")
        await officer.enter_pin()
        assert officer.screen.shows("王喆")


async def test_a_second_page_of_an_open_notebook_asks_for_the_pin_too() -> None:
    notebook = FakeNotebook(state="open")
    async with at_the_door(notebook) as officer:
        assert not officer.screen.shows("王喆")
        await officer.enter_pin("111111")
        assert officer.screen.shows("还可以试 9 次")
        await officer.enter_pin()
        assert officer.screen.shows("王喆")


async def test_locking_on_one_page_locks_the_other() -> None:
    notebook = FakeNotebook()
    async with inside(notebook) as one, inside(notebook, tab="me") as other:
        await other.screen.tap(key="lock")
        assert notebook.state == "locked"
        assert other.screen.shows("请输入 6 位 PIN")
        await one.go_to("customers")
        await one.screen.settle()
        assert not one.screen.shows("王喆")
        assert one.screen.shows("请输入 6 位 PIN")


async def test_a_page_opened_on_a_case_goes_there_after_the_pin() -> None:
    async with inside(route="/customers") as officer:
        assert officer.route == "/customers"
        assert officer.screen.shows("12 户")


async def test_a_folder_held_by_another_app_is_said_in_words() -> None:
    class Held(FakeNotebook):
        async def unlock(self, pin: str) -> None:
            raise Busy(Message("Another app is using this notebook."))

    async with at_the_door(Held()) as officer:
        await officer.enter_pin(PIN)
        assert officer.screen.shows("Another app is using this notebook.")


async def test_the_door_speaks_english_on_request() -> None:
    async with at_the_door() as officer:
        await officer.screen.tap(key="language")
        assert officer.screen.shows("Enter your 6-digit PIN")
        await officer.enter_pin()
        assert officer.screen.shows("To do")
        assert officer.notebook.preferences["language"] == "en"


async def test_the_door_looks_as_the_officer_chose_inside() -> None:
    notebook = FakeNotebook()
    async with inside(notebook, tab="me") as officer:
        await officer.screen.tap(key="language-en")
        await officer.screen.tap(key="text_size-200")
    notebook.state = "locked"
    async with at_the_door(notebook) as officer:
        assert officer.screen.shows("Enter your 6-digit PIN")
        assert officer.screen.find(text="Enter your 6-digit PIN").size == 32


async def test_a_look_nobody_could_have_chosen_is_passed_over_at_the_door() -> None:
    notebook = FakeNotebook()
    notebook.kept_look = {"language": "xx", "theme": "loud", "text_size": "9" * 5000}
    async with at_the_door(notebook) as officer:
        assert officer.screen.shows("请输入 6 位 PIN")
        assert officer.screen.find(text="请输入 6 位 PIN").size == 16


async def test_digits_pressed_faster_than_they_are_drawn_all_count() -> None:
    async with at_the_door() as officer:
        keys = [officer.screen.find(key=f"key-{digit}") for digit in PIN]
        for key in keys:
            await officer.screen.session.dispatch_event(key._i, "click", None)
        await officer.screen.settle()
        assert officer.screen.shows("王喆")


async def test_a_page_put_away_for_five_minutes_is_locked_when_it_is_taken_up_again() -> None:
    async with inside() as officer:
        officer.device.notice("away")
        officer.notebook.moment += timedelta(minutes=4, seconds=59)
        officer.device.notice("back")
        await officer.screen.settle()
        assert officer.screen.shows("王喆")
        officer.device.notice("away")
        officer.notebook.moment += timedelta(minutes=5)
        officer.device.notice("back")
        await officer.screen.until(lambda: officer.screen.shows("请输入 6 位 PIN"))
        assert not officer.screen.shows("王喆")
        assert officer.notebook.state == "locked"


async def test_turning_the_clock_back_does_not_keep_a_page_open() -> None:
    async with inside() as officer:
        officer.device.notice("away")
        officer.notebook.moment -= timedelta(days=1)
        officer.device.notice("back")
        await officer.screen.until(lambda: officer.screen.shows("请输入 6 位 PIN"))


async def test_a_page_left_alone_does_not_lock_the_notebook_of_another_in_use() -> None:
    notebook, watches = FakeNotebook(), WeakSet[LockWatch]()
    async with inside(notebook, beside=watches) as left, inside(notebook, beside=watches) as used:
        left.device.notice("away")
        notebook.moment += timedelta(minutes=6)
        left.device.notice("back")
        await left.screen.until(lambda: left.screen.shows("请输入 6 位 PIN"))
        assert used.screen.shows("王喆")
        assert notebook.state == "open"


async def test_a_forgotten_pin_hands_the_journal_in_and_only_then_offers_to_bind_anew() -> None:
    async with at_the_door() as officer:
        await officer.screen.tap(key="pin-forgotten")
        assert not officer.screen.find_all(key="bind-anew")
        await officer.screen.write("bank", key="hand-in-server")
        await officer.screen.tap(key="hand-in")
        assert officer.screen.find_all(key="hand-in-failure")
        await officer.screen.write("https://branch.example:8443", key="hand-in-server")
        await officer.screen.tap(key="hand-in")
        assert officer.screen.shows("3 条")
        await officer.screen.tap(key="bind-anew")
        assert officer.screen.shows("绑定本机")


async def test_who_remembers_the_pin_after_all_goes_back_to_it() -> None:
    async with at_the_door() as officer:
        await officer.screen.tap(key="pin-forgotten")
        await officer.screen.tap(key="back-to-pin")
        await officer.enter_pin()
        assert officer.screen.shows("王喆")


async def test_where_text_is_large_what_is_wrong_stands_in_place_of_the_apps_name() -> None:
    notebook = FakeNotebook()
    notebook.kept_look = {"text_size": "200"}
    async with at_the_door(notebook) as officer:
        assert officer.screen.shows("外访")
        await officer.enter_pin("111111")
        assert officer.screen.shows("还可以试 9 次")
        assert not officer.screen.shows("外访")
