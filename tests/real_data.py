"""Real data that tests use where it is there."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL_CENSUS = SHARED / "census-income-kdd" / "census-income.test.gz"
