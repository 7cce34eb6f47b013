# Step 5, to write: the harm undone, by a fair control.
from mtl_lessons.three_tasks import declare


def cure():
    """(multi, single): two frameworks that are not built yet; `single` is
    the control of `multi`.

    declare(width=8, weight=1.0, shared=True) is where the ads are harmed.
    Use it with other settings, or a Framework of your own.
    """
    return ...
