"""Writes `state.pth`, a checkpoint in the layout of `torch.save` since PyTorch 1.6.

It needs no PyTorch: a zip of `archive/data.pkl`, a pickle that names torch's own functions, and
one entry a storage. The state dict lies under `model`, as in YOLOX's files, beside an optimizer's.
Run: `python3 make_pth.py`, in this folder.
"""

import collections
import io
import pickle
import struct
import sys
import types
import zipfile

torch = types.ModuleType("torch")
utils = types.ModuleType("torch._utils")


def _rebuild_tensor_v2(*arguments):
    raise NotImplementedError


_rebuild_tensor_v2.__module__ = "torch._utils"
utils._rebuild_tensor_v2 = _rebuild_tensor_v2
for name in ["FloatStorage", "HalfStorage", "BFloat16Storage", "LongStorage"]:
    setattr(torch, name, type(name, (), {"__module__": "torch"}))
torch._utils = utils
sys.modules["torch"], sys.modules["torch._utils"] = torch, utils


class Storage:
    def __init__(self, kind, key, count):
        self.kind, self.key, self.count = kind, key, count


class Tensor:
    def __init__(self, storage, shape):
        self.storage, self.shape = storage, shape

    def __reduce__(self):
        strides, step = [], 1
        for side in reversed(self.shape):
            strides.insert(0, step)
            step *= side
        about = (self.storage, 0, tuple(self.shape), tuple(strides), False, collections.OrderedDict())
        return utils._rebuild_tensor_v2, about


class Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        if isinstance(thing, Storage):
            return ("storage", getattr(torch, thing.kind), thing.key, "cpu", thing.count)


storages = []


def tensor(kind, shape, values):
    form = {"FloatStorage": "f", "HalfStorage": "e", "LongStorage": "q"}.get(kind)
    if kind == "BFloat16Storage":
        data = b"".join(struct.pack("<f", value)[2:] for value in values)
    else:
        data = struct.pack(f"<{len(values)}{form}", *values)
    storages.append(data)
    return Tensor(Storage(kind, str(len(storages) - 1), len(values)), shape)


model = collections.OrderedDict()
model["backbone.backbone.stem.conv.conv.weight"] = tensor(
    "FloatStorage", [2, 1, 1, 3], [0.5, -1.0, 2.0, 0.25, 4.0, -8.0]
)
model["backbone.backbone.stem.conv.bn.weight"] = tensor("HalfStorage", [2], [1.0, -2.5])
model["backbone.backbone.stem.conv.bn.running_var"] = tensor("BFloat16Storage", [2], [1.0, 2.5])
model["backbone.backbone.stem.conv.bn.num_batches_tracked"] = tensor("LongStorage", [], [7])
checkpoint = {
    "start_epoch": 300,
    "model": model,
    "optimizer": {
        "state": {0: {"momentum_buffer": tensor("FloatStorage", [2], [9.0, 9.0])}},
        "param_groups": [{"lr": 0.01, "params": [0]}],
    },
    "best_ap": 0.25,
}

with zipfile.ZipFile("state.pth", "w", zipfile.ZIP_STORED) as archive:

    def entry(name, data):
        # A fixed date, so that the file is the same each time.
        archive.writestr(zipfile.ZipInfo(f"archive/{name}", (1980, 1, 1, 0, 0, 0)), data)

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump(checkpoint)
    entry("data.pkl", buffer.getvalue())
    for key, data in enumerate(storages):
        entry(f"data/{key}", data)
    entry("version", b"3\n")
