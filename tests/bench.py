"""Measure what the README promises about speed: `make bench` prints these seconds; no test depends on them."""

import subprocess
import sys
import time

from mtl_lessons.world import World


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def python(statement):
    subprocess.run([sys.executable, "-c", statement], check=True)


if __name__ == "__main__":
    bare = min(seconds(python, "pass") for _ in range(5))
    package = min(seconds(python, "import mtl_lessons") for _ in range(5))
    print(f"import mtl_lessons, over bare Python      {package - bare:6.3f} s   (bar: 0.1)")
    print(f"one million impressions with their truth  {seconds(World(seed=0).impressions, 1_000_000):6.2f} s")
