from mtl_lessons.three_tasks import Framework, declare


def cure():
    pair = declare(width=24), declare(width=24, shared=False)
    kept = [[head for head in one.heads if head.name != "ad_click"] for one in pair]
    return tuple(
        Framework(one.features, heads, one.network, shared=one.shared)
        for one, heads in zip(pair, kept)
    )
