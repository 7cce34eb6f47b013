"""Compute anew what stands behind the chapter's explorables (minutes):

python -m mtl_lessons.shared_networks > mtl_lessons/data/shared_networks.json
"""

import json

from .shown import gate_map, wirings

print(json.dumps({"wirings": wirings(), "gates": gate_map()}))
