"""model.json beside the models: what a page needs to know to use one, and how to tell that it got the right
one."""
import base64
import hashlib
import json

import numpy as np
import torch

import onnx_run

FILES = {"float32": "digits.onnx", "int8": "digits-int8.onnx"}
VERSION = "1.0.0"


def parameters(model):
    """How many trained numbers a float model holds."""
    return sum(int(np.prod(t.dims)) for t in model.graph.initializer)


def write(folder, models, figures, sample):
    """models, figures: {form: ModelProto}, {form: {part: percent}}. sample: float32 [1,1,28,28], whose
    expected probabilities become the canary."""
    files = []
    for form, name in FILES.items():
        content = (folder / name).read_bytes()
        digest = hashlib.sha256(content).digest()
        expected = onnx_run.predict(models[form], torch.from_numpy(sample))[0]
        files.append({
            "path": name, "form": form, "bytes": len(content), "sha256": digest.hex(),
            "integrity": "sha256-" + base64.b64encode(digest).decode(),
            "metrics": {f"accuracy, {part}": value for part, value in figures[form].items()},
            "canary": {"input": "sample-7.npy", "output": [round(float(p), 6) for p in expected]},
        })
    document = {
        "name": "siskin-digits", "version": VERSION, "licence": "Apache-2.0",
        "parameters": parameters(models["float32"]),
        "labels": [str(digit) for digit in range(10)],
        "inputs": [{
            "name": "image", "type": "float32", "dims": ["batch", 1, 28, 28],
            "preprocessing": "grey, white ink on black, byte / 255; the digit about 20 pixels high, "
                             "its centre of mass in the middle",
        }],
        "outputs": [{"name": "probabilities", "type": "float32", "dims": ["batch", 10]}],
        "files": files,
    }
    (folder / "model.json").write_text(json.dumps(document, indent=2) + "\n")
