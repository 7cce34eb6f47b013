"""Train the grid behind the chapter's explorable again (minutes):

python -m mtl_lessons.loss_balancing > mtl_lessons/data/loss_balancing_front.json
"""

import json
import sys

from .front import grid

found = grid(lambda name: print(name, file=sys.stderr))
print("{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(part)}" for name, part in found.items()) + "}")
