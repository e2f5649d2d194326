"""Writes image_functions.json: what tf.image's composed functions make of small pictures.

    python image_functions.py

Random numbers are not compared here: they come from RandomUniform, which has cases of its own.
"""

import json
import os

from tensorflow_oracle import *

FUNCTIONS = {
    "grayscale": tf.image.rgb_to_grayscale,
    "brighter": lambda x: tf.image.adjust_brightness(x, 0.2),
    "darker": lambda x: tf.image.adjust_brightness(x, -0.3),
    "contrast": lambda x: tf.image.adjust_contrast(x, 1.7),
    "flat": lambda x: tf.image.adjust_contrast(x, 0.1),
    "standardized": tf.image.per_image_standardization,
    "as uint8": lambda x: tf.image.convert_image_dtype(x, u8),
    "as saturated uint8": lambda x: tf.image.convert_image_dtype(x, u8, saturate=True),
    "as uint16": lambda x: tf.image.convert_image_dtype(x, u16),
    "as int16": lambda x: tf.image.convert_image_dtype(x, i16),
    "as saturated int16": lambda x: tf.image.convert_image_dtype(x, i16, saturate=True),
    "as float32": lambda x: tf.image.convert_image_dtype(x, f32),
    "as float64": lambda x: tf.image.convert_image_dtype(x, f64),
}


def picture(dtype, shape):
    values = np.random.RandomState(7).rand(*shape)
    if dtype.is_floating:
        return values.astype(dtype.as_numpy_dtype)
    return (values * dtype.max).astype(dtype.as_numpy_dtype)


def main():
    lines = []
    for dtype in (u8, u16, i16, f32):
        for shape in ((2, 3, 3), (2, 4, 2, 3)):
            image = picture(dtype, shape)
            for name, function in FUNCTIONS.items():
                with tf.Graph().as_default(), tf.Session() as session:
                    result = session.run(function(tf.constant(image)))
                lines.append(json.dumps(
                    {"name": name, "image": encode_tensor(image), "result": encode_tensor(result)},
                    separators=(",", ":")))
    with open(os.path.join(FOLDER, "image_functions.json"), "w") as file:
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


main()
