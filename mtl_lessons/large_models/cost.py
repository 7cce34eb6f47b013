"""What an answer costs: arithmetic with your own numbers.

No price stands here. A forward pass takes about two operations for each weight
and token (Kaplan et al. 2020: 2 N, without attention's own products), so what
differs between a ranker and a language model is weights × tokens for each
request.
"""


def ranker_operations(weights: float, candidates: int) -> float:
    """Of a request: each candidate passes all dense weights once.

    Embedding rows are looked up, not multiplied; leave them out of `weights`.

    >>> ranker_operations(weights=1e6, candidates=500)
    1000000000.0
    """
    _positive(weights=weights, candidates=candidates)
    return 2 * weights * candidates


def sequence_operations(
    weights: float,
    history: int,
    candidates: int = 0,
    width: int = 0,
    layers: int = 0,
) -> float:
    """Of a request to a sequence model: all tokens pass all weights once.

    With `width` and `layers`, attention's products are added: for each layer
    two products of `tokens² × width`, two operations each.

    >>> sequence_operations(weights=1e6, history=400, candidates=100)
    1000000000.0
    >>> sequence_operations(1e6, 400, 100, width=64, layers=2) / 1e9
    1.128
    """
    _positive(weights=weights, history=history)
    tokens = history + candidates
    return 2 * weights * tokens + 4 * layers * tokens**2 * width


def generated_operations(weights: float, prompt: int, answer: int) -> float:
    """Of a request to a generator: the prompt, and each token that it writes.

    >>> generated_operations(weights=1e9, prompt=900, answer=100) / 1e12
    2.0
    """
    _positive(weights=weights, prompt=prompt)
    return 2 * weights * (prompt + answer)


def price_per_thousand(
    operations: float, device: float, used: float, price_per_hour: float
) -> float:
    """Of 1000 requests: `1000 operations / (device used) / 3600 × price`.

    `device` is operations a second, `used` the share of them that your
    implementation reaches (0 to 1).

    >>> price_per_thousand(2e12, device=1e14, used=0.2, price_per_hour=36)
    1.0
    """
    _positive(operations=operations, device=device, used=used)
    if used > 1:
        raise ValueError(f"used: expected a share up to 1, found {used}")
    seconds = 1000 * operations / (device * used)
    return seconds / 3600 * price_per_hour


def tokens_per_thousand(
    requests_per_prompt: float,
    prompt: float,
    answer: float,
    price_in: float,
    price_out: float,
) -> float:
    """Of 1000 requests to a service that charges by the token: prices are for
    one million tokens; `requests_per_prompt` counts cached answers.

    >>> tokens_per_thousand(1, prompt=800, answer=50, price_in=1, price_out=4)
    1.0
    """
    _positive(requests_per_prompt=requests_per_prompt, prompt=prompt)
    tokens = prompt * price_in + answer * price_out
    return 1000 * tokens / 1e6 / requests_per_prompt


def _positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if value <= 0:
            raise ValueError(
                f"{name}: expected a number above 0, found {value}"
            )
