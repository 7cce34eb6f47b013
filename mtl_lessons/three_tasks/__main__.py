"""python -m mtl_lessons.three_tasks > mtl_lessons/data/three_tasks.json"""

import json

from .experiment import stored

print(json.dumps(stored()))
