"""Train the grid behind the chapter's explorable again (minutes):

python -m mtl_lessons.inputs_outputs > mtl_lessons/data/inputs_outputs_bias.json
"""

import json
import sys

from .funnel import bias_grid

grid = bias_grid(lambda done, total: print(f"{done}/{total}", file=sys.stderr))
cells = ",\n".join(json.dumps(cell) for cell in grid.pop("cells"))
print(json.dumps(grid)[:-1] + ', "cells": [\n' + cells + "\n]}")
