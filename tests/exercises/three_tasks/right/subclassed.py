from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops
IDS = {"user": 600, "ad": 60, "item": 300}
ENDS = {"one of": "softmax", "yes or no": "sigmoid", "a number": "linear"}


class Three(keras.Model):
    def __init__(self, tasks):
        super().__init__()
        self.tasks = {
            name: (kind, width, list(reads)) for name, (kind, width, reads) in tasks.items()
        }
        self.tables = {name: layers.Embedding(ids + 1, 8) for name, ids in IDS.items()}
        self.trunk = keras.Sequential([layers.Dense(24, "relu"), layers.Dense(16, "relu")])
        self.towers = {name: layers.Dense(16, "relu") for name in self.tasks}
        self.ends = {
            name: layers.Dense(width, ENDS[kind]) for name, (kind, width, _) in self.tasks.items()
        }

    def call(self, x):
        vectors = {name: table(x[name] + 1) for name, table in self.tables.items()}
        shared = self.trunk(vectors["user"])
        outputs = {}
        for name, (_, _, reads) in self.tasks.items():
            read = ops.concatenate([shared, *(vectors[feature] for feature in reads)], axis=-1)
            outputs[name] = self.ends[name](
                self.towers[name](read)
            )  # a tower with a relu lets user and ad meet, too
        return outputs


def build(tasks):
    return Three(tasks)
