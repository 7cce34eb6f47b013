"""Train again what the chapter stores (minutes each):

python -m mtl_lessons.loss_balancing front > mtl_lessons/data/loss_balancing_front.json
python -m mtl_lessons.loss_balancing experiment > mtl_lessons/data/loss_balancing_experiment.json
"""

import json
import sys

from . import experiment, front

part = {"front": front, "experiment": experiment}[sys.argv[1]]
found = part.grid(progress=lambda name: print(name, file=sys.stderr))
print("{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items()) + "}")
