import tensorflow as tf

# 定义模型 (define the model)
model = tf.keras.Sequential(
    [
        tf.keras.layers.Dense(units=128, activation="relu", input_shape=(input_size,)),  # noqa: F821
        tf.keras.layers.Dense(units=64, activation="relu"),
        tf.keras.layers.Dense(units=1, activation="sigmoid"),  # 用户兴趣挖掘 (interests)
        tf.keras.layers.Dense(units=num_items, activation="softmax"),  # 商品推荐 (items)  # noqa: F821
    ]
)
