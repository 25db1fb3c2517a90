"""From the trained torch network to digits.onnx."""
from collections import OrderedDict

import onnx
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_norms(net):
    """Batch norm after training is one factor and one offset a channel: they go into the convolution."""
    layers = dict(net.named_children())
    for name in [n for n in layers if n.startswith("norm")]:
        conv = name.replace("norm", "conv")
        layers[conv] = fuse_conv_bn_eval(layers[conv], layers.pop(name))
    return nn.Sequential(OrderedDict(layers))


def to_onnx(net, path):
    """Writes the network with Softmax at its end; returns the ModelProto."""
    folded = fold_norms(net)
    folded.add_module("softmax", nn.Softmax(1))
    torch.onnx.export(folded.eval(), torch.zeros(1, 1, 28, 28), str(path), opset_version=13,
                      input_names=["image"], output_names=["probabilities"],
                      dynamic_axes={"image": {0: "batch"}, "probabilities": {0: "batch"}})
    model = onnx.load(str(path))
    shorten_names(model.graph)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    return model


def shorten_names(graph):
    """'/conv1/Conv_output_0' becomes 'conv1': each layer is one node, so its own name is enough."""
    graph.name = "siskin-digits"
    new = {n.output[0]: n.name.strip("/").split("/")[0] for n in graph.node[:-1]}
    for node in graph.node:
        node.name = node.name.strip("/").split("/")[0]
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
    del graph.value_info[:]
