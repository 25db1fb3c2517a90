"""Runs the few operators of our two digit models with torch, node by node. Retraining needs the values
between the nodes (calibration) and the quantized model's own accuracy, and Debian's onnx brings no
evaluator."""
import numpy as np
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper


def _per_channel(value, axis, rank):
    return value.reshape([-1 if d == axis else 1 for d in range(rank)]) if value.ndim else value


def _dequantize(args, attributes):
    x, scale, zero = args
    axis = attributes.get("axis", 1)
    shift = _per_channel(zero, axis, x.ndim).float()
    return ((x.double() - shift.double()) * _per_channel(scale, axis, x.ndim).double()).float()


def _quantize(args, _):
    x, scale, zero = args
    # torch.round rounds halves to even, as ONNX asks. Only uint8 activations are quantized at run time.
    return (torch.round(x / scale) + zero.float()).clamp(0, 255).to(torch.uint8)


def _conv(args, attributes):
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    assert (top, left) == (bottom, right)
    return F.conv2d(*args, stride=attributes.get("strides", 1), padding=(top, left))


OPERATORS = {
    "Conv": _conv,
    "Relu": lambda a, _: F.relu(a[0]),
    "MaxPool": lambda a, at: F.max_pool2d(a[0].float(), at["kernel_shape"], at["strides"]).to(a[0].dtype),
    "GlobalAveragePool": lambda a, _: a[0].mean((2, 3), keepdim=True),
    "Flatten": lambda a, _: a[0].flatten(1),
    "Gemm": lambda a, _: F.linear(a[0], a[1], a[2]),
    "Softmax": lambda a, _: F.softmax(a[0], 1),
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
}


def run(model, image):
    """image: float32 [n,1,28,28]. Returns {value name: tensor} of every value that a node computes."""
    fixed = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
    values = {model.graph.input[0].name: image}
    with torch.no_grad():
        for node in model.graph.node:
            args = [fixed[name] if name in fixed else values[name] for name in node.input]
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            values[node.output[0]] = OPERATORS[node.op_type](args, attributes)
    return values


def predict(model, images, batch=500):
    """Probabilities [n,10] as a numpy array."""
    name = model.graph.output[0].name
    return np.concatenate([run(model, part)[name].numpy() for part in images.split(batch)])
