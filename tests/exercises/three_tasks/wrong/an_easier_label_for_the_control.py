from mtl_lessons.inputs_outputs import Binary
from mtl_lessons.three_tasks import Framework, Head, declare


def cure():
    given, control = declare(width=24, weight=5.0), declare(width=24, weight=5.0, shared=False)
    chosen, ads, rating = control.heads
    other = Head(Binary("ad_click", rate=0.01), ads.reads, ads.weight)
    return given, Framework(
        control.features, [chosen, other, rating], control.network, shared=False
    )
