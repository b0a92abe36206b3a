import pytest

from app.ui.theme import DARK, LIGHT, Sizes

PAIRS = [
    ("on_surface", "surface"),
    ("on_surface", "surface_container_lowest"),
    ("on_surface", "surface_container"),
    ("on_surface", "surface_container_high"),
    ("on_surface_variant", "surface"),
    ("on_surface_variant", "surface_container_lowest"),
    ("on_surface_variant", "surface_container_high"),
    ("primary", "surface"),
    ("primary", "surface_container_lowest"),
    ("on_primary", "primary"),
    ("on_primary_container", "primary_container"),
    ("on_secondary_container", "secondary_container"),
    ("error", "surface_container_lowest"),
    ("on_error_container", "error_container"),
    ("on_inverse_surface", "inverse_surface"),
]


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground_by_four_and_a_half_to_one(
    palette: dict[str, str], text: str, ground: str
) -> None:
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 1.75, 2.0])
def test_no_text_is_smaller_than_a_label_and_body_text_grows_in_full(scale: float) -> None:
    s = Sizes(scale)
    assert s.body == 16 * scale
    assert min(s.label, s.body, s.strong, s.title, s.number, s.headline) == s.label >= 14


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_sum_of_tens_of_millions_stands_in_one_line_of_a_card_on_a_narrow_phone(scale: float) -> None:
    s = Sizes(scale)
    # Measured in the bundled bold font: a figure takes 0.59 of its size, a comma or the point 0.325.
    width = (11 * 0.59 + 3 * 0.325) * s.in_one_line(s.headline, "¥28,310,070.00")
    assert width <= 296
    assert s.in_one_line(s.number, "¥28,310.07") == s.number
    beside_a_label = (11 * 0.59 + 3 * 0.325) * s.in_one_line(s.number, "¥28,310,070.00", beside=100)
    assert beside_a_label <= (296 if s.large else 196)
