#!/usr/bin/env python3
"""Makes noted.onnx: outputs as YOLOv8 has them, labels and size noted as
Ultralytics notes them.

    python3 noted.py

It takes a picture of any size and always finds class 1 in the middle, with 0.9.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
cells = sum((SIDE // stride) ** 2 for stride in (8, 16, 32))
found = np.zeros((1, 4 + 2, cells), np.float32)
found[0, :, 0] = [32, 32, 16, 8, 0.1, 0.9]
graph = helper.make_graph(
    [helper.make_node("Constant", [], ["output0"], value=numpy_helper.from_array(found))],
    "noted",
    [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
    [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 6, "boxes"])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
helper.set_model_props(
    model, {"imgsz": f"[{SIDE}, {SIDE}]", "names": "{0: 'Driver', 1: \"driver's seat\"}"}
)
onnx.checker.check_model(model)
onnx.save(model, pathlib.Path(__file__).with_name("noted.onnx"))
