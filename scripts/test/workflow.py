"""Runs on this machine what a workflow runs on GitHub: every `run:` step of every job, in order.

    workflow.py WORKFLOW [JOB]...

Of a matrix it takes what fits this machine: the `architecture` that runs here. It leaves out, and
says so, what only GitHub can do: actions (`uses:`), and steps whose text or environment takes
something from GitHub (`github.`, `secrets.`, `needs.`, ...). A job stops at its first failure, but
for steps with `if: ${{ !cancelled() }}`; a job that needs a failed one does not run.

Exit codes: 0 all steps passed, 1 some failed, 2 could not run.
"""

import os
import platform
import re
import subprocess
import sys
import time

import yaml

# An expression; only values of the matrix are known here.
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
# The condition of a step that runs although an earlier one has failed.
ALWAYS = "${{ !cancelled() }}"
# A step's shell as GitHub starts it for `shell: bash`.
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]


class NeedsGitHub(Exception):
    """An expression whose value is not known here."""


def filled_in(text, matrix):
    """The text with the values of the matrix; NeedsGitHub for any other expression."""

    def value(match):
        path = match[1]
        if path.startswith("matrix.") and path.removeprefix("matrix.") in matrix:
            return str(matrix[path.removeprefix("matrix.")])
        raise NeedsGitHub(path)

    return EXPRESSION.sub(value, str(text))


def matrix_here(job):
    """The entry of the job's matrix that fits this machine, or None."""
    matrix = job.get("strategy", {}).get("matrix", {})
    entries = matrix.get("include", [])
    if not matrix:
        return {}
    fitting = [entry for entry in entries if entry.get("architecture") == ARCHITECTURE]
    return fitting[0] if fitting else None


def prepared(step, workflow, job, matrix):
    """A step's command and environment; NeedsGitHub when they are not known here."""
    if step.get("if", ALWAYS) != ALWAYS:
        raise NeedsGitHub(step["if"])
    environment = {}
    for level in (workflow, job, step):
        environment |= {name: filled_in(value, matrix) for name, value in level.get("env", {}).items()}
    return filled_in(step["run"], matrix), environment


def run(command, environment):
    """Whether a step's command passes."""
    return subprocess.run([*SHELL, command], env=os.environ | environment, stdin=subprocess.DEVNULL).returncode == 0


def say(text):
    print(text, flush=True)


def steps_of(workflow, name, results):
    """Runs a job; appends (step, whether it passed, seconds) to the results; whether the job passed."""
    job = workflow["jobs"][name]
    matrix = matrix_here(job)
    if matrix is None:
        say(f"==> {name}: nothing of its matrix fits {ARCHITECTURE}")
        return True
    good = True
    for step in job["steps"]:
        if "run" not in step:
            continue
        title = f"{name}: {step.get('name', step['run'])}"
        say(f"==> {title}")
        if not good and step.get("if") != ALWAYS:
            say("    not run, an earlier step failed")
            results.append((title, False, 0))
            continue
        try:
            command, environment = prepared(step, workflow, job, matrix)
        except NeedsGitHub as expression:
            say(f"    on GitHub only: {expression}")
            continue
        start = time.monotonic()
        ok = run(command, environment)
        seconds = time.monotonic() - start
        say(f"    ({seconds:.0f} s)")
        results.append((title, ok, seconds))
        good &= ok
    return good


def main(path, asked):
    with open(path, encoding="utf-8") as file:
        workflow = yaml.safe_load(file)
    jobs = workflow["jobs"]
    unknown = [name for name in asked if name not in jobs]
    if unknown:
        print(f"{path} has no job {', '.join(unknown)}: it has {', '.join(jobs)}", file=sys.stderr)
        return 2
    results, failed = [], set()
    for name, job in jobs.items():
        if asked and name not in asked:
            continue
        if "if" in job:
            say(f"==> {name}\n    on GitHub only: {job['if']}")
            continue
        needs = job.get("needs", [])
        lacking = failed.intersection([needs] if isinstance(needs, str) else needs)
        if lacking:
            say(f"==> {name}\n    not run, it needs {', '.join(sorted(lacking))}")
            results.append((name, False, 0))
            failed.add(name)
        elif not steps_of(workflow, name, results):
            failed.add(name)
    print("\nseconds  step, the longest first")
    for title, _, seconds in sorted(results, key=lambda result: -result[2]):
        print(f"{seconds:7.0f}  {title}")
    print(f"{sum(seconds for _, _, seconds in results):7.0f}  in all\n")
    for title, ok, _ in results:
        if not ok:
            print(f"FAILED: {title}")
    bad = sum(not ok for _, ok, _ in results)
    print(f"{len(results) - bad} passed, {bad} failed", flush=True)
    if not results:
        print("nothing ran", file=sys.stderr)
        return 2
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
