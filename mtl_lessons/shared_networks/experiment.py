"""The chapter's experiment: designs compared on the data of the MMoE paper, with many seeds trained as one model."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mtl_lessons.backend import keras, tf
from mtl_lessons.metrics import Interval, interval
from mtl_lessons.stored import Progress

from .networks import MMoE, Network, OMoE, SharedBottom

layers = keras.layers

TASKS = ("a", "b")
D, EXPERTS, WIDTH, TOWER = 32, 8, 16, 8  # input, experts, their units, units of a tower


def ridge_tasks(relatedness: float, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The synthetic data of the MMoE paper (Ma et al. 2018, section 3.2): x of shape `(rows, 32)`, y of shape `(rows, 2)`.

    `y_k = z_k + Σ_i sin(α_i z_k + β_i) + noise` with `z_k = w_k · x`, where x is standard normal and w_1, w_2 are unit vectors whose
    cosine is `relatedness`. y has variance 1. The paper gives neither α, β nor their number; here three sines, α = 1, 1.5, 2,
    and β drawn once for both tasks; the noise has a deviation of 0.05 before y is scaled.
    """
    if not -1 <= relatedness <= 1:
        raise ValueError(f"relatedness: expected a cosine in [-1, 1], found {relatedness}")
    rng = np.random.default_rng(seed)
    u, v = np.linalg.qr(rng.normal(size=(D, 2)))[0].T
    w = np.stack([u, relatedness * u + np.sqrt(1 - relatedness**2) * v], 1)
    phase = rng.uniform(0, 2 * np.pi, 3)
    x = rng.normal(size=(rows, D)).astype("float32")
    z = x @ w
    y = z + np.sin(z[..., None] * np.linspace(1, 2, 3) + phase).sum(-1)
    return x, ((y + 0.05 * rng.normal(size=y.shape)) / y.std(0)).astype("float32")


def two_towers(network: Network, d: int = D, tower: int = TOWER) -> keras.Model:
    """Behind the network a tower for each task: a ReLU layer and one number, `(batch, 1)`, called by the task's name."""
    x = keras.Input((d,))
    shared = network(x)
    hidden = {task: layers.Dense(tower, "relu", kernel_initializer="he_normal")(shared[task]) for task in network.tasks}
    return keras.Model(x, {task: layers.Dense(1, name=task)(h) for task, h in hidden.items()})


def matched_width(d: int = D, experts: int = EXPERTS, width: int = WIDTH, tower: int = TOWER, tasks: int = 2) -> int:
    """Units of a shared bottom that has as many weights as an MMoE, biases, gates and towers included."""
    mmoe = experts * (d + 1) * width + tasks * d * experts + tasks * width * tower
    return round(mmoe / (d + 1 + tasks * tower))


DESIGNS = {
    "shared bottom": lambda: SharedBottom(TASKS, (matched_width(),)),
    "OMoE": lambda: OMoE(TASKS, EXPERTS, (WIDTH,)),
    "MMoE": lambda: MMoE(TASKS, EXPERTS, (WIDTH,)),
}


def train_together(
    models: Sequence[keras.Model],
    x: np.ndarray,
    y: np.ndarray,
    steps: int = 500,
    batch: int = 256,
    rate: float = 0.01,
    progress: Progress | None = None,
) -> np.ndarray:
    """Train models of one structure side by side, as a single model with a leading axis for runs.

    `x` is `(runs, rows, d)` and `y` `(runs, rows, tasks)`, each run with data of its own. Every weight becomes one variable
    `(runs, *shape)`; `tf.vectorized_map` turns the model's operations into batched ones. The loss is the sum of all runs' mean
    squared errors, and Adam treats each number by itself, so this equals training one after the other. The models end up
    with the trained weights. Returns the loss of each step, averaged over runs.
    """
    if len(models) != len(x) or len(models) != len(y):
        raise ValueError(f"expected as many models as runs of x and y, found {len(models)}, {len(x)} and {len(y)}")
    parallel = list(zip(*(model.trainable_weights for model in models), strict=True))
    stacked = [keras.Variable(np.stack([np.asarray(w) for w in weights])) for weights in parallel]
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
    optimizer.build(stacked)
    step = _step(models[0], stacked, optimizer)
    rng, losses = np.random.default_rng(0), []
    for done in range(1, steps + 1):
        rows = rng.integers(x.shape[1], size=batch)
        losses.append(step(tf.constant(x[:, rows]), tf.constant(y[:, rows])))
        if progress:
            progress(done, steps)
    for variable, weights in zip(stacked, parallel):
        for value, weight in zip(np.asarray(variable), weights):
            weight.assign(value)
    return np.array(losses) / len(models)


def _step(model: keras.Model, stacked: Sequence, optimizer: keras.Optimizer):
    state = model.non_trainable_variables  # of random numbers, if gates drop experts: one stream for all runs

    def predict(run):
        weights, x = run
        outputs, after = model.stateless_call(weights, [variable.value for variable in state], x, training=True)
        return tf.concat([outputs[task] for task in outputs], axis=-1), after

    @tf.function
    def step(x, y):
        values = [variable.value for variable in stacked]
        with tf.GradientTape() as tape:
            predicted, after = tf.vectorized_map(predict, (values, x))
            loss = tf.reduce_sum(tf.reduce_mean(tf.square(predicted - y), [1, 2]))
        optimizer.apply_gradients(zip(tape.gradient(loss, values), stacked))
        for variable, value in zip(state, after):
            variable.assign(value[0])
        return loss

    return step


def relatedness(
    values: Sequence[float] = (0.0, 0.5, 1.0),
    seeds: int = 12,
    steps: int = 500,
    rows: int = 20_000,
    designs: Mapping[str, Callable[[], Network]] = DESIGNS,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Mean squared error on 4000 fresh rows, of each design: `(values, seeds)`; 1 is what a constant guess has.

    All runs of a design, every seed at every relatedness, are one batched model. A seed fixes the data's directions and the
    start of the weights, so that designs and values of relatedness are compared seed by seed. `progress(done, total)` counts steps.
    """
    pairs = [(value, seed) for value in values for seed in range(seeds)]
    x, y = (np.stack(part) for part in zip(*(ridge_tasks(value, rows + 4000, seed) for value, seed in pairs)))
    errors = {}
    for i, (name, make) in enumerate(designs.items()):
        models = [_seeded(make, seed) for _, seed in pairs]
        report = progress and (lambda done, total, i=i: progress(i * total + done, len(designs) * total))
        train_together(models, x[:, :rows], y[:, :rows], steps, progress=report)
        runs = [mean_error(model, x[i, rows:], y[i, rows:]) for i, model in enumerate(models)]
        errors[name] = np.reshape(runs, (len(values), seeds))
    return errors


def _seeded(make: Callable[[], Network], seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return two_towers(make())


def mean_error(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """Mean squared error over rows and tasks; y is `(rows, tasks)`."""
    outputs = model(x)
    return float(np.mean([np.mean((outputs[task][:, 0] - y[:, i]) ** 2) for i, task in enumerate(TASKS)]))


def ratio(errors: np.ndarray, others: np.ndarray) -> Interval:
    """Geometric mean of `errors / others` over seeds with a 95 % interval, paired by seed: shape `(seeds,)` each."""
    return Interval(*np.exp(interval(np.log(errors) - np.log(others))))
