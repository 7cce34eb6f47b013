from mtl_lessons.loss_balancing import Fixed
from mtl_lessons.three_tasks import Framework, declare


def cure():
    given, control = declare(width=24), declare(width=24, shared=False)
    loud = Fixed([1.0, 5.0, 1.0])
    return Framework(given.features, given.heads, given.network, loud), control
