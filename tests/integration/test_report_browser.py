"""The report in a real browser: it opens without a network, is searched, sorted and clicked, and looks as it should.

`REPORT_SCREENSHOTS` names the folder that takes the pictures for the documentation.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inviscid import configure
from inviscid.report import Report, collect, write
from inviscid.stores import current_store

webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs chromium and its driver")

HOUR, DAY = 3600.0, 86_400.0
LARGEST = 200_000
CLEANING = """
    LIMIT = 3.0

    def mean(values):
        return sum(values) / len(values)

    def drop_outliers(values):
        middle = mean(values)
        return [value for value in values if abs(value - middle) < LIMIT]
"""
MODEL = """
    class Trend:
        def __init__(self, damping):
            self.damping = damping
            self.level = self.slope = 0.0

        def fit(self, values):
            for _ in range(3_000):
                for at, value in enumerate(values):
                    error = value - self.level - self.slope * at
                    self.level += self.damping * error / 10
                    self.slope += self.damping * error / 1_000
            return self
"""
PIPELINE = """
    from inviscid import cached, config
    from shop import cleaning, model

    @cached
    def load(year):
        return [year % 7 + at * 0.25 for at in range(24)]

    @cached
    def features(year, window=config("features.window", default=12)):
        return cleaning.drop_outliers(load(year))[-window:]

    @cached
    def train(year, damping=config("model.damping", default=0.1)):
        fitted = model.Trend(damping).fit(features(year))
        return fitted.level, fitted.slope

    @cached
    def forecast(year, months=3):
        level, slope = train(year)
        return [level + slope * at for at in range(months)]

    @cached
    def summary(years):
        return {year: cleaning.mean(forecast(year)) for year in years}
"""


@pytest.fixture
def story(project: Any, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Nine days in the life of a small pipeline."""
    monkeypatch.chdir(project.folder)
    real = time.time

    def at(ago: float, **modules: str) -> Any:
        monkeypatch.setattr(time, "time", lambda: real() - ago)
        project.write(**modules)
        return project.load("shop.pipeline")

    shop = at(9 * DAY, shop__cleaning=CLEANING, shop__model=MODEL, shop__pipeline=PIPELINE)
    shop.summary((2022, 2023))
    shop.forecast.calling(2022).freeze(because="sent to the board")
    shop = at(4 * DAY, shop__cleaning=CLEANING.replace("3.0", "2.5"))
    shop.summary((2022, 2023))
    shop.forecast(2023, months=6)
    shop = at(DAY)
    with configure({"model.damping": 0.2}):
        shop.forecast(2023)
        shop.forecast(2024)
    shop = at(5 * HOUR, shop__pipeline=PIPELINE.replace("year % 7 + at * 0.25", "at / 4 + year % 7"))
    shop.train(2023)
    shop = at(600)
    for _ in range(4):
        shop.forecast(2022)
        shop.forecast(2023)
        shop.features(2023)
    shop = at(0)
    store = current_store(None)
    store.pin(bytes.fromhex(shop.train.key(2023)), "the model in use")
    found = collect(store)
    # The picture is of no machine.
    cards = tuple(
        card._replace(lines=tuple(line._replace(origin="laptop:4711") for line in card.lines)) for card in found.cards
    )
    return found._replace(cards=cards, stats=found.stats._replace(path="~/.cache/inviscid"))


@pytest.fixture
def browse() -> Iterator[Callable[..., Any]]:
    """Opens a browser, in the dark or without scripts where that is asked for."""
    drivers: list[Any] = []

    def start(*, scheme: str = "light", script: bool = True) -> Any:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for option in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "window-size=1280,1600"):
            options.add_argument(f"--{option}")
        if not script:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        drivers.append(driver)
        scheme_of = {"name": "prefers-color-scheme", "value": scheme}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme_of]})
        # Whatever the page asks of a network would fail, and be logged.
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd(
            "Network.emulateNetworkConditions",
            {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
        )
        return driver

    yield start
    for driver in drivers:
        driver.quit()


def shown(driver: Any, selector: str) -> list[str]:
    """The texts of those elements that can be seen."""
    return [found.text for found in driver.find_elements("css selector", selector) if found.is_displayed()]


def type_in(driver: Any, text: str) -> None:
    field = driver.find_element("id", "search")
    field.clear()
    # What clearing does is no key press.
    field.send_keys(text or " \b")


def test_it_is_searched_sorted_and_clicked(story: Report, browse: Callable[..., Any], tmp_path: Path) -> None:
    write(story, tmp_path / "report.html")
    driver = browse()
    driver.get((tmp_path / "report.html").as_uri())
    names = [f"shop.pipeline:{name}" for name in ("features", "forecast", "load", "summary", "train")]
    assert shown(driver, "#functions .name") == names
    assert shown(driver, "details.card > summary .name") == names
    assert shown(driver, ".inside") == []

    # What only the sources hold is found too: who reaches Trend?
    type_in(driver, "Trend damping")
    assert shown(driver, "#functions .name") == [names[1], names[3], names[4]]
    assert shown(driver, "details.card > summary .name") == [names[1], names[3], names[4]]
    assert shown(driver, "#found") == ["3 of 5"]
    type_in(driver, "nothing of this")
    assert shown(driver, "#functions .name") == []
    assert shown(driver, "#found") == ["0 of 5"]
    type_in(driver, "")
    assert shown(driver, "#functions .name") == names

    entries = driver.find_elements("css selector", "#functions th button")[1]
    entries.click()
    assert [int(text) for text in shown(driver, "#functions td:nth-child(2)")] == sorted(
        (card.summary.entries for card in story.cards), reverse=True
    )
    entries.click()
    assert [int(text) for text in shown(driver, "#functions td:nth-child(2)")] == sorted(
        card.summary.entries for card in story.cards
    )
    driver.find_elements("css selector", "#functions th button")[0].click()
    assert shown(driver, "#functions .name") == names

    driver.find_element("css selector", "#f-1 > summary").click()
    [inside] = shown(driver, ".inside")
    assert "year=2023, months=6" in inside
    assert "model.damping = 0.2" in inside
    assert "config model.damping 0.1 → 0.2" in inside
    assert "frozen" in inside
    assert shown(driver, "#f-1 .node.root text") == ["shop.pipeline.forecast"]
    assert "shop.model.Trend" in shown(driver, "#f-1 .node.class text")
    driver.find_element("css selector", "#f-1 .node.cached").click()
    assert len(shown(driver, ".inside")) == 2
    driver.find_element("id", "all").click()
    assert len(shown(driver, ".inside")) == 5
    driver.find_element("id", "all").click()
    assert shown(driver, ".inside") == []
    # A change of colours, a script that is refused, something that isn't there: all of it would be logged.
    assert driver.get_log("browser") == []
    picture(driver, tmp_path)


def picture(driver: Any, folder: Path) -> None:
    """The page with one card open, and a card of another by itself."""
    driver.find_element("css selector", "#f-1 > summary").click()
    driver.execute_script("location.hash = ''; document.activeElement.blur(); scrollTo(0, 0)")
    driver.set_window_size(1280, 1720)
    assert driver.save_screenshot(str(folder / "report.png"))
    driver.find_element("css selector", "#f-1 > summary").click()
    driver.find_element("css selector", "#f-4 > summary").click()
    for diff in driver.find_elements("css selector", "#f-4 .diff > summary")[1:2]:
        diff.click()
    # What is beyond the window isn't in the picture.
    driver.set_window_size(1280, 2400)
    driver.execute_script("location.hash = ''; document.activeElement.blur()")
    assert driver.find_element("id", "f-4").screenshot(str(folder / "report-card.png"))
    for name in ("report.png", "report-card.png"):
        assert 20_000 < (folder / name).stat().st_size < LARGEST
        if wanted := os.environ.get("REPORT_SCREENSHOTS"):
            shutil.copyfile(folder / name, Path(wanted) / name)


def test_the_dark_is_dark_and_the_light_is_light(story: Report, browse: Callable[..., Any], tmp_path: Path) -> None:
    write(story, tmp_path / "report.html")
    for scheme, is_dark in (("light", False), ("dark", True)):
        driver = browse(scheme=scheme)
        driver.get((tmp_path / "report.html").as_uri())
        colour = driver.execute_script("return getComputedStyle(document.querySelector('main')).backgroundColor")
        levels = [int(level) for level in colour.strip("rgb()").split(",")]
        assert (sum(levels) < 3 * 64) is is_dark
        driver.find_element("css selector", "#f-1 > summary").click()
        driver.set_window_size(1280, 1720)
        driver.save_screenshot(str(tmp_path / f"{scheme}.png"))


def test_without_scripts_it_is_read_all_the_same(story: Report, browse: Callable[..., Any], tmp_path: Path) -> None:
    write(story, tmp_path / "report.html")
    driver = browse(script=False)
    driver.get((tmp_path / "report.html").as_uri())
    assert len(shown(driver, "#functions .name")) == 5
    assert shown(driver, "#search") == []
    driver.find_element("css selector", "#f-1 > summary").click()
    [inside] = shown(driver, ".inside")
    assert "first call" in inside


def test_what_gets_through_unescaped_would_not_run(story: Report, browse: Callable[..., Any], tmp_path: Path) -> None:
    write(story, tmp_path / "report.html")
    page = tmp_path / "report.html"
    attack = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\"></main>"
    page.write_text(page.read_text(encoding="utf-8").replace("</main>", attack), encoding="utf-8")
    driver = browse()
    driver.get(page.as_uri())
    assert driver.title == "inviscid report"
    assert any("Content Security Policy" in found["message"] for found in driver.get_log("browser"))
