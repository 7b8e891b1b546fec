"""Runs on this machine what a workflow runs on GitHub: every `run:` step of every job.

    workflow.py WORKFLOW [JOB]...

Two jobs at a time, as soon as those that they need have passed: a test that waits leaves a core to
another. Every line says which job it is of. Of a matrix it takes what fits this machine: the
`architecture` that runs here. It leaves out, and says so, what only GitHub can do: actions (`uses:`),
and steps whose text or environment takes something from GitHub (`github.`, `secrets.`, `needs.`, ...).
A job stops at its first failure, but for steps with `if: ${{ !cancelled() }}`; a job that needs a failed one
does not run.

Exit codes: 0 all steps passed, 1 some failed, 2 could not run.
"""

import os
import platform
import re
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import yaml

# An expression; only values of the matrix are known here.
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
# The condition of a step that runs although an earlier one has failed.
ALWAYS = "${{ !cancelled() }}"
# A step's shell as GitHub starts it for `shell: bash`.
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
# Jobs at a time. More of them, and the tests that wait for seconds of a sandbox's clock wait for a core instead.
AT_ONCE = 2


# What a test prints of a failure: expect.sh, and Rust's own tests. What it quotes stands below, indented.
FAILURE = re.compile(r"NOT ok|panicked at|FAILED|^error")
LINES_OF_A_FAILURE = 8


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


def run(job, command, environment):
    """Whether a step's command passes, and its first failure; what it says goes out line by line."""
    process = subprocess.Popen(
        [*SHELL, command],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        say(job, lines[-1])
    ok = process.wait() == 0
    return ok, [] if ok else first_failure(lines)


def first_failure(lines):
    """The line that says what failed first, and the last ones that it quotes; else the last ones of all."""
    for number, line in enumerate(lines):
        if FAILURE.search(line):
            rest = lines[number + 1 :]
            end = next((at for at, other in enumerate(rest) if not other.startswith("    ")), len(rest))
            return [line, *rest[:end][1 - LINES_OF_A_FAILURE :]]
    return lines[-LINES_OF_A_FAILURE:]


def say(job, text):
    """One write a line: two jobs never share one."""
    sys.stdout.write(f"{job:8} {text}\n")
    sys.stdout.flush()


def steps_of(workflow, name):
    """Runs a job; (step, whether it passed, seconds, the lines about its failure) of every step."""
    job = workflow["jobs"][name]
    matrix = matrix_here(job)
    results = []
    if matrix is None:
        say(name, f"nothing of its matrix fits {ARCHITECTURE}")
        return results
    for step in job["steps"]:
        if "run" not in step:
            continue
        step_name = step.get("name", step["run"])
        title = f"{name}: {step_name}"
        say(name, f"==> {step_name}")
        if not passed(results) and step.get("if") != ALWAYS:
            say(name, "    not run, an earlier step failed")
            results.append((title, False, 0, []))
            continue
        try:
            command, environment = prepared(step, workflow, job, matrix)
        except NeedsGitHub as expression:
            say(name, f"    on GitHub only: {expression}")
            continue
        start = time.monotonic()
        ok, lines = run(name, command, environment)
        seconds = time.monotonic() - start
        say(name, f"    ({seconds:.0f} s)")
        results.append((title, ok, seconds, lines))
    return results


def passed(results):
    """Whether all these steps have passed."""
    return all(ok for _, ok, *_ in results)


def needs_of(job):
    """The jobs that a job needs."""
    needs = job.get("needs", [])
    return {needs} if isinstance(needs, str) else set(needs)


def run_jobs(workflow, names):
    """Runs the jobs, AT_ONCE at a time in the order of the file; the results of each by its name."""
    waiting, running, results = list(names), {}, {}

    def ready(name):
        needed = needs_of(workflow["jobs"][name]) & set(names)
        return needed <= results.keys()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        while waiting or running:
            for name in [name for name in waiting if ready(name)][: AT_ONCE - len(running)]:
                waiting.remove(name)
                failed = [needed for needed in needs_of(workflow["jobs"][name]) if not passed(results.get(needed, []))]
                if failed:
                    say(name, f"not run, it needs {', '.join(failed)}")
                    results[name] = [(name, False, 0, [])]
                else:
                    running[pool.submit(steps_of, workflow, name)] = name
            if running:
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    results[running.pop(done)] = done.result()
    return results


def chain(workflow, seconds, name):
    """The jobs that a job waits for, itself last: of each that it needs the one that ends last."""
    before = [chain(workflow, seconds, needed) for needed in needs_of(workflow["jobs"][name]) & seconds.keys()]
    return [*max(before, key=lambda jobs: sum(seconds[job] for job in jobs), default=[]), name]


def main(path, asked):
    with open(path, encoding="utf-8") as file:
        workflow = yaml.safe_load(file)
    jobs = workflow["jobs"]
    unknown = [name for name in asked if name not in jobs]
    if unknown:
        print(f"{path} has no job {', '.join(unknown)}: it has {', '.join(jobs)}", file=sys.stderr)
        return 2
    names = []
    for name, job in jobs.items():
        if asked and name not in asked:
            continue
        if "if" in job:
            say(name, f"on GitHub only: {job['if']}")
            continue
        names.append(name)
    start = time.monotonic()
    by_job = run_jobs(workflow, names)
    results = [result for name in names for result in by_job[name]]
    print("\nseconds  step, the longest first")
    for title, _, seconds, _ in sorted(results, key=lambda result: -result[2]):
        print(f"{seconds:7.0f}  {title}")
    print(f"{time.monotonic() - start:7.0f}  from the start to the end, {AT_ONCE} jobs at a time")
    # What somebody waits for where every job has a runner of its own.
    seconds = {name: sum(took for _, _, took, _ in results) for name, results in by_job.items()}
    for name in seconds.keys() - set().union(*(needs_of(jobs[ran]) for ran in seconds)):
        jobs_before = chain(workflow, seconds, name)
        print(f"{sum(seconds[job] for job in jobs_before):7.0f}  {' -> '.join(jobs_before)}")
    print()
    for title, ok, _, lines in results:
        if not ok:
            print(f"FAILED: {title}", *lines, sep="\n    ")
    bad = sum(not ok for _, ok, *_ in results)
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
