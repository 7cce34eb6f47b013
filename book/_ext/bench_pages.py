"""How heavy and fast is every page, on a phone with a slow link? Lighthouse's answer, as a table.

Run by `make bench` on the built site, served compressed. Needs Node (for `npx lighthouse`) and
Chromium. Fails if a page is below the bars. A busy machine slows Lighthouse down: of a few runs,
the median counts.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from serve import SITE, serving

LIGHTHOUSE = "lighthouse@12.8.2"
# at least, at least, seconds at most, at most
BARS = {
    "performance": 0.95,
    "accessibility": 1.0,
    "lcp": 2.5,
    "kilobytes": 300.0,
}
ALIKE = "question", "drill", "printable"  # folders of pages of one kind


def measure(url: str, chromium: str) -> dict[str, float]:
    """One run of Lighthouse (mobile).

    Scores from 0 to 1, largest contentful paint in seconds, transferred kilobytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [
            "npx",
            "--yes",
            LIGHTHOUSE,
            url,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
        ]
        command += [
            "--only-categories=performance,accessibility",
            "--chrome-flags=--headless=new --no-sandbox",
        ]
        run = subprocess.run(
            command,
            env=os.environ | {"CHROME_PATH": chromium},
            capture_output=True,
            text=True,
        )
        if not report.is_file():
            raise RuntimeError(
                f"expected a report of Lighthouse for {url}, found: {run.stderr.strip()[-500:]}"
            )
        found = json.loads(report.read_text(encoding="utf-8"))
    return {
        "performance": found["categories"]["performance"]["score"],
        "accessibility": found["categories"]["accessibility"]["score"],
        "lcp": found["audits"]["largest-contentful-paint"]["numericValue"]
        / 1000,
        "kilobytes": found["audits"]["total-byte-weight"]["numericValue"]
        / 1000,
    }


def worth_measuring(folder: Path) -> list[str]:
    """The addresses of all pages, of which the heaviest of a kind stands for the others."""
    found = sorted(folder.rglob("*.html"))
    heaviest = set()
    for kind in ALIKE:
        these = [path for path in found if path.parent.name == kind]
        heaviest |= set(
            sorted(these, key=lambda path: path.stat().st_size)[-1:]
        )
    return [
        path.relative_to(folder).as_posix()
        for path in found
        if path.parent.name not in ALIKE or path in heaviest
    ]


def passes(row: dict[str, float]) -> bool:
    return all(
        row[name] >= BARS[name] for name in ("performance", "accessibility")
    ) and all(row[name] <= BARS[name] for name in ("lcp", "kilobytes"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SITE)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    chromium = os.environ.get(
        "CHROMIUM", shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if not shutil.which("npx") or not chromium:
        sys.exit(
            "expected Node (npx) and Chromium, found one or both missing: "
            "without them there is nothing to measure with"
        )
    pages = worth_measuring(given.folder)
    if not pages:
        sys.exit(
            f"expected a built site in {given.folder}, found no page: run `make book` first"
        )
    print(
        f"{'page':30} performance  accessibility  LCP (s)  transferred (kB)",
        flush=True,
    )
    good = True
    with serving(given.folder) as url:
        for page in pages:
            runs = [
                measure(f"{url}/{page}", chromium) for _ in range(given.runs)
            ]
            row = {name: median(run[name] for run in runs) for name in BARS}
            good &= passes(row)
            print(
                f"{page:30} {row['performance']:11.2f}  {row['accessibility']:13.2f}  "
                f"{row['lcp']:7.2f}  {row['kilobytes']:16.1f}"
                f"{'' if passes(row) else '  below the bar'}",
                flush=True,
            )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
