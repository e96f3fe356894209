"""Runs each test file in a process of its own, and ends it when it takes too long.

The SDK's calls hold the interpreter lock: no timer in the same process can end one that hangs.
"""

import os
import pathlib
import signal
import subprocess
import sys
import time

LIMIT_SECONDS = 240
HERE = pathlib.Path(__file__).resolve().parent


def run(path: pathlib.Path) -> tuple[bool, float]:
    """Runs one file; gives back whether it passed, and how long it took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", path]
    process = subprocess.Popen(command, cwd=HERE, start_new_session=True)
    try:
        passed = process.wait(LIMIT_SECONDS) == 0
    except subprocess.TimeoutExpired:
        print(f"{path.name}: still running after {LIMIT_SECONDS} s, ended", flush=True)
        passed = False
    finally:
        # The session holds the network that the tests started; nothing of it may stay.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    return passed, time.monotonic() - started


def main() -> int:
    """Runs the files named as arguments, or all of them."""
    names = sys.argv[1:] or sorted(path.name for path in HERE.glob("test_*.py"))
    results = {name: run(HERE / name) for name in names}
    print()
    for name, (passed, seconds) in results.items():
        print(f"{'ok  ' if passed else 'FAIL'} {seconds:6.1f} s  {name}")
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
