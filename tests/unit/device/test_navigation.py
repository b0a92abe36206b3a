"""The link of 导航: the one place where WGS-84 becomes GCJ-02."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlparse

import pytest
from geopy.distance import geodesic

from app.device.dialling import tel_link
from app.device.navigation import gcj02, map_link


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        # the vectors eviltransform is published with
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_a_position_in_china_is_shifted_to_the_map_apps_grid(
    wgs: tuple[float, float], gcj: tuple[float, float]
) -> None:
    assert geodesic(gcj02(*wgs), gcj).m < 1


def test_the_shift_is_some_hundred_metres_everywhere_in_china() -> None:
    for lat in range(20, 50, 3):
        for lon in range(80, 130, 5):
            assert 50 < geodesic((lat, lon), gcj02(lat, lon)).m < 1000


def test_outside_china_nothing_is_shifted() -> None:
    assert gcj02(48.8584, 2.2945) == (48.8584, 2.2945)


def test_on_android_the_link_opens_any_map_app_without_signal() -> None:
    link = map_link(32.3504, 106.8402, "石桥镇集市东口 4 号", android=True)
    lat, lon = (float(x) for x in link.removeprefix("geo:").split("?")[0].split(","))
    assert geodesic((lat, lon), gcj02(32.3504, 106.8402)).m < 1
    assert unquote(link).endswith("(石桥镇集市东口 4 号)")


def test_elsewhere_the_link_is_amaps_longitude_first_and_in_its_own_grid() -> None:
    asked = parse_qs(urlparse(map_link(32.3504, 106.8402, "石桥镇", android=False)).query)
    lon, lat = (float(x) for x in asked["position"][0].split(","))
    assert geodesic((lat, lon), gcj02(32.3504, 106.8402)).m < 1
    assert asked["coordinate"] == ["gaode"]
    assert asked["name"] == ["石桥镇"]


@pytest.mark.parametrize("android", [True, False])
def test_without_a_position_the_address_is_searched_for(android: bool) -> None:
    link = map_link(None, None, "长岭村 & 三组", android=android)
    assert "长岭村 & 三组" in unquote(link)
    assert "&" not in link.split("keyword=" if not android else "q=")[1].split("&callnative")[0]


def test_a_number_is_dialled_by_its_digits() -> None:
    assert tel_link("139 8102-0007") == "tel:13981020007"
    assert tel_link("+86 139 8102 0007") == "tel:+8613981020007"
    assert tel_link("0827-5221234") == "tel:08275221234"


def test_an_extension_is_dialled_after_a_pause() -> None:
    assert tel_link("08275221234-801") == "tel:08275221234,801"
    assert tel_link("0827-5221234转801") == "tel:08275221234,801"
    assert tel_link("+86 827 5221234 ext. 801") == "tel:+868275221234,801"
