"""Turns the float model into its int8 twin in ONNX's QDQ form: what any ONNX tool opens, about a quarter of
the bytes.

Weights: int8, symmetric, one scale an output channel. Biases: int32, scale = input scale * weight scale.
Activations: uint8, one scale and zero point a tensor. A Relu in front of a QuantizeLinear with zero point 0
is dropped, since saturation at 0 does the same. The last layer's result stays float32 for Softmax.
"""
import numpy as np
import torch
from onnx import TensorProto, checker, helper, numpy_helper

from onnx_run import run

SHARES_SCALE = {"MaxPool", "Flatten"}  # operators that only pick or move values: no new rounding


def activation_scale(values):
    """The scale whose 0..255 grid (zero point 0) has the least squared error on the values, all >= 0.
    Clipping a rare large value often costs less than a coarser grid for all the others. An odd stride
    thins out the values: half a million of them tell as much."""
    assert values.min() >= 0
    top, values = values.max().item(), values.flatten()
    values = values[::max(1, len(values) // 500_000) | 1]
    candidates = [top * share / 255 for share in np.linspace(0.5, 1, 51)]
    errors = [((torch.round(values / s).clamp(0, 255) * s - values) ** 2).mean().item() for s in candidates]
    return np.float32(candidates[int(np.argmin(errors))])


def quantize_weight(weight):
    """[out, ...] float32 -> int8 of the same shape within -127..127, and scales [out]."""
    scale = np.abs(weight.reshape(len(weight), -1)).max(1).astype(np.float32) / np.float32(127)
    scale = np.maximum(scale, np.float32(1e-12))
    steps = np.rint(weight / scale.reshape([-1] + [1] * (weight.ndim - 1)))
    return np.clip(steps, -127, 127).astype(np.int8), scale


class Writer:
    """The quantized graph being written: nodes, constants, and what each float value became. The float graph
    is a chain, so each value has one reader and needs one DequantizeLinear."""

    def __init__(self):
        self.nodes, self.constants = [], []
        self.scale_of = {}  # value of the float graph -> the scale of its uint8 form

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def dequantize(self, source, scale, zero, result, axis=None):
        attributes = {} if axis is None else {"axis": axis}
        self.nodes.append(helper.make_node("DequantizeLinear", [source, scale, zero], [result],
                                           name=result, **attributes))
        return result

    def quantize(self, value, plain, scale):
        """Rounds float tensor `value`, which stands for the float graph's `plain`."""
        names = [self.constant(f"{plain}.scale", scale), self.constant(f"{plain}.zero", np.uint8(0))]
        self.nodes.append(helper.make_node("QuantizeLinear", [value, *names], [f"{plain}.q"],
                                           name=f"{plain}.q"))
        self.scale_of[plain] = scale

    def read(self, plain):
        if plain not in self.scale_of:
            return plain
        return self.dequantize(f"{plain}.q", f"{plain}.scale", f"{plain}.zero", f"{plain}.dq")

    def weights(self, node, fixed):
        """The dequantized weight and bias of a Conv or Gemm."""
        weight, bias = node.input[1:3]
        steps, scale = quantize_weight(fixed[weight])
        bias_scale = scale * self.scale_of[node.input[0]]
        bias_steps = np.rint(fixed[bias].astype(np.float64) / bias_scale).astype(np.int32)
        zeros = np.zeros(len(scale))
        parts = ((weight, steps, scale, zeros.astype(np.int8)),
                 (bias, bias_steps, bias_scale, zeros.astype(np.int32)))
        return [self.dequantize(self.constant(f"{name}.q", q), self.constant(f"{name}.scale", s),
                                self.constant(f"{name}.zero", z), f"{name}.dq", axis=0)
                for name, q, s, z in parts]


def quantize(model, calibration):
    """model: the float ModelProto. calibration: float32 [n,1,28,28]. Returns the int8 ModelProto."""
    graph = model.graph
    fixed = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    seen = run(model, calibration)
    image, out = graph.input[0].name, Writer()
    out.quantize(image, image, np.float32(1 / 255))  # bytes / 255 go in: this grid has no error at all
    relu_of = {n.input[0]: n.output[0] for n in graph.node if n.op_type == "Relu"}
    for node in graph.node:
        plain = node.output[0]
        if node.op_type == "Relu":
            continue
        last = node.op_type in ("Gemm", "Softmax")
        inputs = [out.read(node.input[0])]
        if len(node.input) > 1:
            inputs += out.weights(node, fixed)
        made = helper.make_node(node.op_type, inputs, [plain if last else f"{plain}.f"], name=node.name)
        made.attribute.extend(node.attribute)
        out.nodes.append(made)
        if not last:
            target = relu_of.get(plain, plain)
            shares = node.op_type in SHARES_SCALE
            scale = out.scale_of[node.input[0]] if shares else activation_scale(seen[target])
            out.quantize(f"{plain}.f", target, scale)
    quantized = helper.make_graph(out.nodes, f"{graph.name}-int8", graph.input, graph.output, out.constants)
    twin = helper.make_model(quantized, opset_imports=model.opset_import, ir_version=model.ir_version,
                             producer_name="siskin models/digits/train.py")
    checker.check_model(twin, full_check=True)
    return twin
