"""Rewrites of a network that leave what it computes alone and cost fewer passes over memory.

ONNX Runtime runs convolutions in a blocked layout of their own; an operator that
does not know the layout between two of them costs two conversions besides itself.
Exporters write such operators freely:

- `pads`: a `Pad` before a convolution or a pooling, which can pad themselves.
- `hard_swish`: x * clip(x + 3, 0, 6) / 6 as four operators. As x * HardSigmoid(x)
  ONNX Runtime fuses it into the convolution before it.
- `affine`: a scale and an offset by one number each behind a convolution or a hard
  swish, as in PP-LCNetV3's blocks, which can move into the weights around it.
"""

from collections import defaultdict

import numpy as np
import onnx
from onnx import helper, numpy_helper


class Graph:
    """A network's operators in order, and its constants by name, wherever the file keeps them."""

    def __init__(self, model: onnx.ModelProto):
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self.nodes = []
        for node in self.model.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            else:
                self.nodes.append(node)

    def folded(self) -> onnx.ModelProto:
        used = {name for node in self.nodes for name in node.input}
        kept = ((name, value) for name, value in self.constants.items() if name in used)
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        for field in (model.graph.node, model.graph.initializer, model.graph.value_info):
            del field[:]
        model.graph.node.extend(self.nodes)
        model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in kept)
        onnx.checker.check_model(model)
        return model

    def producer(self, name: str) -> onnx.NodeProto | None:
        return next((node for node in self.nodes if name in node.output), None)

    def consumers(self, name: str) -> list[onnx.NodeProto]:
        return [node for node in self.nodes if name in node.input]

    def only_consumer(self, name: str, op_type: str) -> onnx.NodeProto | None:
        """The one operator that reads `name`, if it is of this type and nobody outside does."""
        found = self.consumers(name)
        alone = len(found) == 1 and found[0].op_type == op_type and not self.is_output(name)
        return found[0] if alone else None

    def is_output(self, name: str) -> bool:
        return any(output.name == name for output in self.model.graph.output)

    def number(self, name: str) -> float | None:
        value = self.constants.get(name)
        return float(value.reshape(-1)[0]) if value is not None and value.size == 1 else None

    def with_number(self, node: onnx.NodeProto) -> tuple[str, float] | None:
        """The tensor and the number that an operator of two inputs joins."""
        for tensor, other in (node.input, reversed(node.input)):
            number = self.number(other)
            if number is not None:
                return tensor, number
        return None

    def constant(self, like: str, value: np.ndarray) -> str:
        name = f"{like}.folded"
        self.constants[name] = value.astype(np.float32)
        return name

    def replace(self, old: onnx.NodeProto, *new: onnx.NodeProto) -> None:
        place = self.place(old)
        self.nodes[place : place + 1] = new

    def place(self, node: onnx.NodeProto) -> int:
        return next(place for place, other in enumerate(self.nodes) if other is node)


def fold(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with all of that folded; itself where there is nothing to fold."""
    graph = Graph(model)
    operators = len(graph.nodes)
    pads(graph)
    hard_swish(graph)
    affine(graph)
    return graph.folded() if len(graph.nodes) < operators else model


def pads(graph: Graph) -> None:
    # Zeros add nothing to a sum; minus infinity is never the largest.
    neutral = {"Conv": 0.0, "MaxPool": -np.inf}
    for pad in [node for node in graph.nodes if node.op_type == "Pad"]:
        amounts = graph.constants[pad.input[1]]
        value = graph.number(pad.input[2]) if len(pad.input) > 2 else 0.0
        readers = graph.consumers(pad.output[0])
        outer = len(amounts) != 8 or amounts[[0, 1, 4, 5]].any()
        if outer or (amounts < 0).any() or any(neutral.get(node.op_type) != value for node in readers):
            continue
        for node in readers:
            set_pads(node, amounts[[2, 3, 6, 7]])
            node.input[0] = pad.input[0]
        graph.replace(pad)


def set_pads(node: onnx.NodeProto, amounts: np.ndarray) -> None:
    old = [attribute for attribute in node.attribute if attribute.name in ("auto_pad", "pads")]
    for attribute in old:
        if attribute.s not in (b"", b"VALID", b"NOTSET") or any(attribute.ints):
            raise ValueError(f"{node.name} pads already")
        node.attribute.remove(attribute)
    node.attribute.append(helper.make_attribute("pads", amounts.tolist()))


def hard_swish(graph: Graph) -> None:
    for divide in [node for node in graph.nodes if node.op_type == "Div" and graph.number(node.input[1]) == 6]:
        times = graph.producer(divide.input[0])
        if times is None or times.op_type != "Mul":
            continue
        for x, clipped in (times.input, reversed(times.input)):
            clip = graph.producer(clipped)
            if clip is None or clip.op_type != "Clip" or [graph.number(name) for name in clip.input[1:]] != [0, 6]:
                continue
            plus = graph.producer(clip.input[0])
            if plus is None or plus.op_type != "Add" or graph.with_number(plus) != (x, 3):
                continue
            gate = f"{x}.gate"
            graph.replace(
                divide,
                helper.make_node("HardSigmoid", [x], [gate], name=gate, alpha=1 / 6, beta=0.5),
                helper.make_node("Mul", [x, gate], list(divide.output), name=divide.name),
            )
            for node in (times, clip, plus):
                graph.replace(node)
            break


def affine(graph: Graph) -> None:
    for conv in [node for node in graph.nodes if node.op_type == "Conv"]:
        if found := scale_and_offset(graph, conv.output[0]):
            scale, offset, end = found
            change(graph, conv, scale, lambda bias, _: bias * scale + offset)
            conv.output[0] = end
    for gate in [node for node in graph.nodes if node.op_type == "HardSigmoid"]:
        swish = graph.only_consumer(gate.output[0], "Mul")
        if swish is None or gate.input[0] not in swish.input:
            continue
        if found := scale_and_offset(graph, swish.output[0]):
            scale, offset, end = found
            move_behind(graph, swish, scale, offset, end)


def scale_and_offset(graph: Graph, start: str) -> tuple[float, float, str] | None:
    """Takes `Mul` and `Add` of numbers behind `start` out: their numbers, and the name of what came out."""
    times = graph.only_consumer(start, "Mul")
    plus = graph.only_consumer(times.output[0], "Add") if times else None
    scale = graph.with_number(times) if times else None
    offset = graph.with_number(plus) if plus else None
    if scale is None or offset is None:
        return None
    graph.replace(times)
    graph.replace(plus)
    return scale[1], offset[1], plus.output[0]


def change(graph: Graph, conv: onnx.NodeProto, scale: float, new_bias) -> None:
    """Scales a convolution's weights; `new_bias` gets its bias and its weights as they were."""
    weights = graph.constants[conv.input[1]].astype(np.float64)
    bias = graph.constants[conv.input[2]].astype(np.float64) if len(conv.input) > 2 else np.zeros(len(weights))
    bias = graph.constant(f"{conv.input[1]}.bias", new_bias(bias, weights))
    conv.input[1] = graph.constant(conv.input[1], weights * scale)
    conv.input[2:] = [bias]


def move_behind(graph: Graph, swish: onnx.NodeProto, scale: float, offset: float, end: str) -> None:
    """Moves a scale and an offset into the convolutions that read `end`.

    An offset cannot pass the zeros around a picture; before a convolution that pads,
    and before any other operator, it stays, as a convolution of one pixel a channel.
    """
    product = swish.output[0]

    def pads_nothing(node: onnx.NodeProto) -> bool:
        return node.op_type == "Conv" and not any(sum((list(a.ints) for a in node.attribute if a.name == "pads"), []))

    readers = graph.consumers(end)
    for conv in filter(pads_nothing, readers):
        change(graph, conv, scale, lambda bias, weights: bias + offset * weights.sum((1, 2, 3)))
        conv.input[0] = product
    if graph.is_output(end) or not all(map(pads_nothing, readers)):
        channels = len(graph.constants[graph.producer(swish.input[0]).input[1]])
        weights = graph.constant(f"{end}.scale", np.full((channels, 1, 1, 1), scale))
        bias = graph.constant(f"{end}.offset", np.full(channels, offset))
        one = helper.make_node("Conv", [product, weights, bias], [end], name=end, group=channels, kernel_shape=[1, 1])
        graph.nodes.insert(graph.place(swish) + 1, one)
