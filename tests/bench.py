"""How long do importing the package and a million impressions take?

`make bench` prints seconds, and fails above a bar. The bars leave a slow machine room: they catch
an import of TensorFlow, or a loop where there was an array. No test depends on them.
"""

import subprocess
import sys
import time

from mtl_lessons.world import World

# seconds
BARS = {
    "import mtl_lessons, over bare Python": 0.1,
    "one million impressions with their truth": 10.0,
}


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def python(statement):
    subprocess.run([sys.executable, "-c", statement], check=True)


def measure():
    bare = min(seconds(python, "pass") for _ in range(5))
    yield min(seconds(python, "import mtl_lessons") for _ in range(5)) - bare
    yield seconds(World(seed=0).impressions, 1_000_000)


if __name__ == "__main__":
    late = False
    for (what, bar), found in zip(BARS.items(), measure(), strict=True):
        print(
            f"{what:42}{found:8.3f} s  (bar: {bar:g}){'  above the bar' if found > bar else ''}",
            flush=True,
        )
        late |= found > bar
    sys.exit(late)
