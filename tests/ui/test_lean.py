import dataclasses
import importlib
import pkgutil

import flet.controls
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


def test_no_member_of_a_control_holds_another_before_it_was_given_one() -> None:
    """What `lean` rests on: a member at its default need not be looked into."""
    kinds = [
        kind
        for module in pkgutil.walk_packages(flet.controls.__path__, "flet.controls.")
        for kind in vars(importlib.import_module(module.name)).values()
        if isinstance(kind, type) and "_prop_defaults" in vars(kind)
    ]
    assert len(kinds) > 100
    for kind in kinds:
        for name, default in vars(kind)["_prop_defaults"].items():
            holds = dataclasses.is_dataclass(default) or isinstance(default, (list, dict))
            assert not holds, f"{kind.__name__}.{name}"
