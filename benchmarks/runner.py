"""A small program that runs others and says what each took: of a large one, they would seem to need its memory.

It reads a line of JSON for each program (command, folder, environment, file for the output), and writes one (status,
seconds, CPU seconds, peak memory in megabytes).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        command, folder, environment, output = json.loads(line)
        with open(output, "wb") as file:
            started = time.perf_counter()
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file)
            if hasattr(os, "wait4"):
                _, status, used = os.wait4(process.pid, 0)
                code = process.returncode = os.waitstatus_to_exitcode(status)
                unit = 1 << 20 if sys.platform == "darwin" else 1024
                cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / unit
            else:
                code, cpu, memory = process.wait(), 0.0, 0.0
            wall = time.perf_counter() - started
        print(json.dumps([code, wall, cpu, memory]), flush=True)


if __name__ == "__main__":
    main()
