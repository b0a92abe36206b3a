"""[tool.flet] as `flet build apk | aab | ipa` reads it, by flet-cli's own code: no Flutter, no phone."""

import inspect
import re
from pathlib import Path
from xml.etree import ElementTree

import flet_cli.commands.build
import flet_cli.commands.build_base
import pytest

from tests.support.flet_build import ROOT, SETTINGS, Build, packed_files, values_of
from tests.unit.test_page_shell import size_of

ANDROID_XML = "{http://schemas.android.com/apk/res/android}"
NATIVE = ROOT / "app" / "device" / "native" / "android"
# Read by the build template rather than by flet-cli (its documentation, "Packaging app for Android").
TEMPLATE_KEYS = {"android.manifest_application", "android.min_sdk_version"}


def keys_flet_reads() -> set[str]:
    source = inspect.getsource(flet_cli.commands.build_base) + inspect.getsource(flet_cli.commands.build)
    named = set(re.findall(r'"tool\.flet\.([\w.]+)"', source))
    named |= {key.replace("{self.config_platform}", p) for key in re.findall(r'f"tool\.flet\.([\w.{}]+)"', source) for p in ("android", "ios")}  # fmt: skip
    general = re.findall(r'get_platform_setting\(\s*"([\w.]+)"', source)
    general += re.findall(r'get_bool_setting\(\s*[\w.]+,\s*"([\w.]+)"', source)
    named |= {f"{p}{key}" for key in general for p in ("", "android.", "ios.")}
    named |= {f"splash.{key}" for key in ("color", "dark_color")} | {"boot_screen"} | TEMPLATE_KEYS
    return named | {"icon_background"}


def leaves(table: dict[str, object], known: set[str], path: str = "") -> list[str]:
    found = []
    for key, value in table.items():
        here = f"{path}{key}"
        if here in known or not isinstance(value, dict):
            found.append(here)
        else:
            found += leaves(value, known, here + ".")
    return found


def test_every_setting_is_one_that_flet_build_reads() -> None:
    known = keys_flet_reads()
    assert [key for key in leaves(SETTINGS, known) if key not in known] == []


@pytest.mark.parametrize("target", ["apk", "aab", "ipa"])
def test_the_app_is_called_waifang_and_bundles_python_3_14(target: str, tmp_path: Path) -> None:
    build = Build(target, tmp_path)
    assert build.python_release.short == "3.14"
    assert build.template_data["product_name"] == "外访"
    assert build.template_data["bundle_id"] == "org.waifang.notebook"
    assert build.template_data["python_module_name"] == "main"
    assert build.template_data["splash"] == {"android": True, "ios": True, "web": True, "color": "#EEF5F2", "dark_color": "#0E1514"}  # fmt: skip


def test_android_may_do_what_the_notebook_does_and_no_more(tmp_path: Path) -> None:
    options = Build("apk", tmp_path).template_data["options"]
    allowed = {name.rpartition(".")[2] for name, on in options["android_permissions"].items() if on}
    assert allowed == {"INTERNET", "ACCESS_NETWORK_STATE", "ACCESS_FINE_LOCATION", "ACCESS_COARSE_LOCATION", "CAMERA"}  # fmt: skip
    assert not any(options["android_features"].values())
    assert options["target_arch"] == ["arm64-v8a", "armeabi-v7a"]


def test_ios_is_told_in_chinese_why_and_never_asked_for_the_background(tmp_path: Path) -> None:
    asked = Build("ipa", tmp_path).template_data["options"]["info_plist"]
    reasons = {k: v for k, v in asked.items() if k.endswith("UsageDescription")}
    assert set(reasons) == {"NSLocationWhenInUseUsageDescription", "NSCameraUsageDescription", "NSPhotoLibraryUsageDescription"}  # fmt: skip
    for reason in reasons.values():
        assert re.search("[一-鿿]{6}", reason)
    assert "UIBackgroundModes" not in asked


def test_nothing_of_the_notebook_is_backed_up_or_sent_unprotected() -> None:
    application = SETTINGS["android"]["manifest_application"]
    assert application == {
        "allowBackup": "false",
        "fullBackupContent": "false",
        "usesCleartextTraffic": "false",
    }
    main = NATIVE / "android" / "src" / "main"
    [own] = ElementTree.parse(main / "AndroidManifest.xml").iter("application")
    rules = own.attrib[ANDROID_XML + "dataExtractionRules"].removeprefix("@xml/")
    tree = ElementTree.parse(main / "res" / "xml" / f"{rules}.xml").getroot()
    assert {part.tag for part in tree} == {"cloud-backup", "device-transfer"}
    for part in tree:
        assert {e.attrib["domain"] for e in part.findall("exclude")} == {"root", "file", "database", "sharedpref", "external"}  # fmt: skip
        assert part.findall("include") == []


def test_the_dialler_and_the_map_can_be_opened_on_android_11() -> None:
    manifest = ElementTree.parse(NATIVE / "android" / "src" / "main" / "AndroidManifest.xml")
    asked = {data.attrib[ANDROID_XML + "scheme"] for data in manifest.iterfind("queries/intent/data")}
    assert asked == {"tel", "geo"}
    path = SETTINGS["flutter"]["pubspec"]["dependencies"]["waifang_android"]["path"]
    assert (ROOT / "build" / "flutter" / path).resolve() == NATIVE


def test_the_package_holds_the_app_without_tests_and_without_the_branch(tmp_path: Path) -> None:
    words = Build("apk", tmp_path).packaged()
    packed = packed_files(set(values_of(words, "--exclude")))
    assert {p.split("/")[0] for p in packed} == {"main.py", "app", "sync", "assets", "LICENSE"}
    assert not [p for p in packed if p.startswith("sync/branch")]
    assert {p for p in packed if p.startswith("assets/procedures/")} >= {
        "assets/procedures/psbc_small_loan.toml"
    }
    assert "app/i18n/locale/zh/LC_MESSAGES/ui.mo" in packed
    assert {"--compile-app", "--compile-packages", "--cleanup-packages"} <= set(words)
    assert values_of(words, "--cleanup-package-files") == ["pip", "pip-*.dist-info"]


@pytest.mark.parametrize(("target", "sizes"), [("apk", {48, 72, 96, 144, 192, 108, 162, 216, 324, 432}), ("ipa", {20, 180, 1024})])  # fmt: skip
def test_icons_and_splash_are_drawn_in_every_size_from_large_enough_pictures(
    target: str, sizes: set[int], tmp_path: Path
) -> None:
    build = Build(target, tmp_path)
    for target_file in flet_cli.commands.build_base.DEFAULT_SPECS[build_platform(target)].targets:
        drawn = build.flutter_dir / target_file.relative_path
        drawn.parent.mkdir(parents=True, exist_ok=True)
        drawn.touch()
    build.customize_icons()
    build.customize_splash_images()
    pictures = [p for p in build.flutter_dir.rglob("*.png") if p.stat().st_size]
    assert sizes <= {size_of(p)[0] for p in pictures}
    assert [p for p in pictures if "launchimage" in p.name.lower() or "splash" in p.name]
    assert size_of(ROOT / "assets" / "icon_ios.png") == (1024, 1024)


def build_platform(target: str) -> str:
    return flet_cli.commands.build_base.ICON_PLATFORMS[target]
