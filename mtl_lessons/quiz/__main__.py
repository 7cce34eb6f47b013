"""`python -m mtl_lessons.quiz` is `python -m mtl_lessons questions`."""

import sys

from .report import main

if __name__ == "__main__":
    sys.exit(main())
