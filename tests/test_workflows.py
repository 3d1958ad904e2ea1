"""The workflows are no dead text: they parse, are audited, and run what exists."""

from __future__ import annotations

import ast
import re
import stat
import sys
from pathlib import Path

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner

from tests.checkout import ROOT, WORKFLOWS, name_of, run, workflow_steps
from tests.regression.machines import MACHINES

# The jobs that may change anything outside of their machine, and what.
WRITES = {
    "notebooks/plain": {"contents"},
    "pages/deploy": {"pages", "id-token"},
    "pages/link": {"statuses"},
    "release/publish": {"contents", "id-token"},
    "weekly/report": {"issues"},
}


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.dependabot", [ROOT / ".github/dependabot.yml"]),
        ("vendor.citation-file-format", [ROOT / "CITATION.cff"]),
    ],
)
def test_file_follows_its_schema(schema: str, paths: list[Path]) -> None:
    assert paths
    arguments = ["--builtin-schema", schema, *map(str, paths)]
    result = CliRunner().invoke(check_jsonschema.main, arguments)
    assert result.exit_code == 0, result.output


def test_the_promised_workflows_are_there() -> None:
    promised = {*("colab", "gpu", "notebooks", "pages", "preview", "release", "tests", "weekly")}
    assert {path.stem for path in WORKFLOWS} == promised


def test_workflows_pass_a_security_audit() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    run(zizmor, "--offline", "--no-progress", "--strict-collection", ROOT / ".github")


def test_every_action_is_pinned_to_one_commit() -> None:
    commits: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for used in re.findall(r"\buses:\s*(.+)", path.read_text("utf-8")):
            pin = re.fullmatch(r"([\w.-]+/[\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+", used)
            assert pin, f"{name_of(path)} uses {used}; expected owner/name@commit # vX.Y.Z"
            commits.setdefault(pin[1], set()).add(pin[2])
    assert commits
    assert all(len(pins) == 1 for pins in commits.values()), commits


def test_every_script_of_the_workflows_parses() -> None:
    scripts = [(path, step["run"]) for path, step in workflow_steps() if "run" in step]
    assert len(scripts) > 5
    for path, script in scripts:
        assert "${{" not in script, f"{path} puts an expression into a script; pass it by env"
        run("bash", "-n", given=script)
        for program in re.findall(r"<<'END'\n(.*?)^END$", script, re.DOTALL | re.MULTILINE):
            ast.parse(program)
        for file in re.findall(r"(?<![\w./])((?:\.ci|book|tests)(?:/\w+)*)\b", script):
            assert (ROOT / file).exists(), f"{path} runs {file}, which does not exist"


def test_no_workflow_holds_more_rights_than_it_needs() -> None:
    rights = {}
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text("utf-8"))
        assert workflow["permissions"] in ({}, {"contents": "read"}), name_of(path)
        for name, job in workflow["jobs"].items():
            granted = job.get("permissions", {}).items()
            rights[f"{path.stem}/{name}"] = {right for right, level in granted if level == "write"}
    assert {job: granted for job, granted in rights.items() if granted} == WRITES
    for path, step in workflow_steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, path


def test_own_machines_never_run_a_pull_request() -> None:
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text("utf-8"))
        triggers = set(workflow[True])  # YAML reads `on` as a truth value
        assert "pull_request_target" not in triggers
        if any("self-hosted" in job["runs-on"] for job in workflow["jobs"].values()):
            assert triggers <= {"push", "workflow_dispatch"}, name_of(path)


def test_ci_script_is_executable_and_stops_at_the_first_error() -> None:
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & stat.S_IXUSR
    run("bash", "-n", script)
    assert "\nset -euo pipefail\n" in script.read_text("utf-8")
    assert script.read_text("utf-8").endswith("\nexec make test </dev/null\n")


def test_each_change_runs_as_another_machine_and_as_a_release() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text("utf-8"))["jobs"]
    lines = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert "make release-check" in lines
    (machine,) = (line for line in lines if line.startswith("make machines"))
    assert machine.removeprefix("make machines MACHINES=") in MACHINES


def test_hooks_run_the_locked_tools() -> None:
    run(sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml")
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    for hook in config["repos"][0]["hooks"]:
        assert hook["language"] == "system", hook
        assert hook["entry"].startswith(".venv/bin/python -m "), hook
