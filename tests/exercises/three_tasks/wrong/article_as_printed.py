# ruff: noqa: F821
import tensorflow as tf

# 定义模型 (define the model)
model = tf.keras.Sequential(
    [
        tf.keras.layers.Dense(units=128, activation="relu", input_shape=(input_size,)),
        tf.keras.layers.Dense(units=64, activation="relu"),
        tf.keras.layers.Dense(units=1, activation="sigmoid"),  # 用户评价预测 (rating prediction)
        tf.keras.layers.Dense(
            units=num_items, activation="softmax"
        ),  # 商品推荐 (item recommendation)
        tf.keras.layers.Dense(units=num_ads, activation="sigmoid"),  # 广告投放 (ad delivery)
    ]
)


def build(tasks):
    return model
