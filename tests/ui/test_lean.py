from flet.controls.object_patch import DiffBuilder

from app.ui.lean import look_for_controls_where_there_can_be_some
from tests.support.fake_notebook import case_id_of
from tests.ui.officer import inside


async def test_the_app_draws_and_answers_where_flet_passes_over_what_is_no_control() -> None:
    look_for_controls_where_there_can_be_some()
    case = f"/customers/case/{case_id_of('王喆')}"
    async with inside(route=case) as officer:
        assert officer.screen.shows("补齐逾期")
        await officer.screen.tap(key="visit")
        assert officer.route == f"{case}/visit"
        await officer.screen.back()
        assert officer.screen.shows("补齐逾期")


def test_nothing_is_passed_over_that_could_hold_a_control() -> None:
    look_for_controls_where_there_can_be_some()
    looked_into, let_go_of = DiffBuilder._configure_dataclass, DiffBuilder._removed_controls
    for plain in (None, "a word", 3, 0.5, True):
        assert looked_into(None, plain, None, False) == let_go_of(None, plain, False) == ()
    for holder in ([], {}, (), object()):
        assert looked_into(None, holder, None, False) != ()
        assert let_go_of(None, holder, False) != ()
