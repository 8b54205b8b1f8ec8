"""The flights pipeline on a few invented flights: which bodies run after which change.

The real demo (`nox -s demo`) does the same with a year of flights, and with the model and the report. Here the steps up
to the features are run, in processes of their own, under the very edits of the demo.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

FLIGHTS = Path(__file__).parents[2] / "examples" / "flights"

PROGRAM = """
import json, logging, sys
from inviscid import File, configure
from pipeline import clean, features, fleet, load, weather

ran = {}

class Handler(logging.Handler):
    def emit(self, record):
        if hasattr(record, "outcome") and record.outcome.kind != "hit":
            ran[record.function.rpartition(":")[2]] = record.outcome.name

logging.getLogger("inviscid").addHandler(Handler())
logging.getLogger("inviscid").setLevel(logging.INFO)
configure("config.toml")
flights = clean.clean(load.flights(File("flights.csv")))
readings = weather.hourly(load.weather(File("weather.csv")))
aircraft = fleet.aircraft(load.planes(File("planes.csv")))
table = features.features(features.join(flights, readings, aircraft))
fleet.fleets(flights, aircraft), clean.lateness(flights), load.airlines(File("airlines.csv"))
print(json.dumps(ran))
"""

# What is run here, of all that the demo runs: no model and no picture.
STEPS = {
    *["flights", "weather", "planes", "airlines", "clean", "lateness"],
    *["hourly", "aircraft", "fleets", "join", "features"],
}


def invented(folder: Path) -> None:
    """A few days of flights and weather; the air pressure has a gap, the seats have none."""
    header = (
        "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,"
        "origin,dest,air_time,distance,hour,minute,time_hour"
    )
    flights = [header]
    weather = [
        "origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour"
    ]
    for day in range(1, 9):
        for hour in range(6, 18):
            at = f"2013-01-{day:02}T{hour + 5:02}:00:00Z"
            delay = (day * hour) % 40 - 10
            flights.append(
                f"2013,1,{day},{hour}05,{hour}00,{delay},{hour + 2}05,{hour + 2}00,{delay},UA,{hour},N{hour % 3},EWR,"
                f"IAH,200,1400,{hour},0,{at}"
            )
            pressure = "" if hour in {9, 10} else 1000 + hour
            weather.append(f"EWR,2013,1,{day},{hour},40,30,60,270,{day},,0,{pressure},10,{at}")
    planes = ["tailnum,year,type,manufacturer,model,engines,seats,speed,engine"]
    planes += [f"N{number},{1990 + number},Fixed wing,BOEING,737,2,{150 + number},,Turbo-fan" for number in range(3)]
    airlines = ["carrier,name", "UA,United Air Lines Inc."]
    for name, lines in {"flights": flights, "weather": weather, "planes": planes, "airlines": airlines}.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    """The demo as a module."""
    spec = importlib.util.spec_from_file_location("flights_demo", FLIGHTS / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the pipeline, with invented data beside it."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copytree(FLIGHTS / "pipeline", folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(FLIGHTS / "config.toml", folder / "config.toml")
    (folder / "main.py").write_text(PROGRAM, encoding="utf-8")
    invented(folder)
    return folder


def run(project: Path) -> dict[str, str]:
    """The bodies that ran in one process, by outcome; each body says so itself as well."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INVISCID_")}
    environment = {**kept, "INVISCID_STORE": str(project.parent / "store"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "main.py"], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    ran: dict[str, str] = json.loads(done.stdout)
    spoke = [line.split()[0] for line in done.stderr.splitlines() if line.startswith("  ")]
    assert sorted(spoke) == sorted(ran), done.stderr
    return ran


def planned(project: Path) -> dict[str, set[str]]:
    """What `inviscid plan` says of the same program, by what would become of each function; no body speaks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INVISCID_")}
    environment = {**kept, "INVISCID_STORE": str(project.parent / "store"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "inviscid", "plan", "--json", "main.py"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("  ")] == []
    plan = json.loads(done.stdout)
    assert plan["ended"] == ""
    found: dict[str, set[str]] = {"hit": set(), "run": set(), "may run": set()}
    for call in plan["calls"]:
        found[call["would"]].add(call["function"].rpartition(":")[2])
    return found


def test_each_run_of_the_demo_computes_what_it_says(demo: ModuleType, project: Path) -> None:
    """Cold, again, after a rename, after an edit, after a change of config: the bodies that the demo announces; and
    before each run, what `inviscid plan` announces.
    """
    for number, change in enumerate(demo.RUNS):
        for edit in change.edits:
            demo.apply(edit, project)
        expected = {name: outcome for name, outcome in change.expected.items() if name in STEPS}
        plan = planned(project)
        assert set().union(*plan.values()) == STEPS
        ran = run(project)
        assert ran == expected, f"run {number}: {change.title}"
        assert plan["run"] <= ran.keys() <= plan["run"] | plan["may run"], f"run {number}: {change.title}"
        assert plan["hit"].isdisjoint(ran)
        if number == 0:
            assert plan["run"] == STEPS, "without a store nobody can have anything"
        # What hangs on what is computed again may find that it is what it was.
        assert not plan["may run"] or plan["run"]


def test_a_change_of_the_window_recomputes_the_features_alone(demo: ModuleType, project: Path) -> None:
    """One config key that one step reads."""
    run(project)
    demo.apply(demo.Edit("config.toml", "window = 14", "window = 7"), project)
    assert run(project) == {"features": "MISS_CONFIG"}


def test_a_moved_file_recomputes_nothing_and_a_changed_one_what_follows(demo: ModuleType, project: Path) -> None:
    """A `File` stands for its content."""
    run(project)
    (project / "planes.csv").rename(project / "register.csv")
    demo.apply(demo.Edit("main.py", "planes.csv", "register.csv"), project)
    assert run(project) == {}
    demo.apply(demo.Edit("register.csv", "151", "171"), project)
    assert run(project) == dict.fromkeys(["planes", "aircraft", "fleets", "join", "features"], "MISS_INPUTS")


def test_edits_are_refused_where_the_text_is_not_there(demo: ModuleType, project: Path) -> None:
    """A demo whose edits changed nothing would prove nothing."""
    with pytest.raises(ValueError, match="0 times"):
        demo.apply(demo.Edit("pipeline/checks.py", "no such text", ""), project)


def test_objections_name_what_ran_without_reason(demo: ModuleType) -> None:
    """What ran and was not expected, what was expected and didn't run, and bodies of which the library is silent."""
    calls = [
        {"function": f"pipeline:{name}", "kind": "hit", "outcome": "HIT", "reasons": []} for name in demo.STEPS[1:]
    ]
    calls.append({"function": "pipeline:flights", "kind": "miss", "outcome": "MISS_NEW", "reasons": ["no entry"]})
    silent = demo.Run("r", (), {})
    assert demo.objections(silent, demo.Done(calls, ["flights"], 1.0)) == ["r: flights ran: MISS_NEW"]
    wanted = demo.Run("r", (), {"flights": "MISS_NEW", "clean": "MISS_CODE"})
    assert demo.objections(wanted, demo.Done(calls, ["flights"], 1.0)) == ["r: clean did not run"]
    honest = demo.Run("r", (), {"flights": "MISS_NEW"})
    assert demo.objections(honest, demo.Done(calls, ["flights"], 1.0)) == []
    assert (
        "these bodies ran: ['clean', 'flights']"
        in demo.objections(honest, demo.Done(calls, ["clean", "flights"], 1.0))[0]
    )
    assert demo.objections(honest, demo.Done(calls[1:], ["flights"], 1.0))[0].startswith("r: not every step")
