"""What PyTorch makes of a step of YOLOX, for our networks to be compared with.

    python bench/train/gradients.py OUT.safetensors [darknet53]
    ROADLOOP_GRADIENTS=OUT.safetensors cargo test -p roadloop-nets -- --ignored pytorch

One YOLOX-nano of three classes with random weights sees one batch of two small images and
says what it would of each: losses with the L1 part, the assignment (which is then given to our
loss), every layer's gradient, and the running values of its norms afterwards.

With `darknet53` it is YOLOX on that backbone (some 500 MB; the variable is then
`ROADLOOP_GRADIENTS_DARKNET53`).

    python bench/train/gradients.py steps

prints five steps of SGD, which are written out in `optim/tests.rs`.
"""

import copy
import sys

import torch
from safetensors.torch import save_file

CLASSES, SIDE = 3, 128
# Class, centre x and y, width, height in pixels; no two of a size, one image of three.
TARGETS = [
    [[0, 40.0, 44.0, 50.0, 36.0], [2, 90.0, 80.0, 30.0, 61.0], [1, 96.0, 84.0, 44.0, 20.0]],
    [[1, 64.0, 50.0, 101.0, 90.0]],
]


def network(kind):
    from yolox.models import YoloFpn, YoloPafpn, YoloxHead, YoloxModule

    torch.manual_seed(8)
    if kind == "darknet53":
        backbone = YoloFpn()
        head = YoloxHead(CLASSES, in_channels=[128, 256, 512], act="lrelu")
    else:
        backbone = YoloPafpn(0.33, 0.25, in_channels=[256, 512, 1024], depthwise=True)
        head = YoloxHead(CLASSES, 0.25, in_channels=[256, 512, 1024], depthwise=True)
    net = YoloxModule(backbone, head)
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.eps, part.momentum = 1e-3, 0.03
            # Not all 1 and 0, so that a norm that forgets one of them is found out.
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            torch.nn.init.uniform_(part.bias, -0.3, 0.3)
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 2.0)
    net.head.initialize_biases(1e-2)
    for predict in net.head.reg_preds:
        # Boxes large enough for targets to take several anchors.
        torch.nn.init.uniform_(predict.bias[2:], 0.8, 1.2)
    net.head.use_l1 = True
    return net.train()


def noise(net, exact, images, labels):
    """The largest relative error of a layer's gradient, against double precision.

    Where a leaky activation's input is all but 0, its slope is 1 or a tenth by chance of
    rounding; in seventy layers of random weights that comes to percents.
    """
    exact.head.grids = [grid.double() for grid in exact.head.grids]
    exact.head(exact.backbone(images), labels, images)[0].backward()
    errors = [(one.grad.double() - two.grad).norm() / two.grad.norm()
              for one, two in zip(net.parameters(), exact.parameters())]
    return torch.stack(errors).max().float().reshape(1)


def expected(out, kind="nano"):
    net = network(kind)
    tensors = {f"weights.{name}": value.clone() for name, value in net.state_dict().items()
               if value.is_floating_point()}
    torch.manual_seed(9)
    images = torch.rand(len(TARGETS), 3, SIDE, SIDE) * 255
    most = max(map(len, TARGETS))
    labels = torch.zeros(len(TARGETS), most, 5)
    for image, targets in enumerate(TARGETS):
        labels[image, : len(targets)] = torch.tensor(targets)

    matches = []
    assign = net.head.get_assignments

    def keep(image, *rest):
        answer = assign(image, *rest)
        _, foreground, ious, targets, _ = answer
        anchors = foreground.nonzero().flatten()
        matches.extend([float(image), float(a), float(t), float(i)]
                       for a, t, i in zip(anchors, targets, ious))
        return answer

    net.head.get_assignments = keep
    exact = copy.deepcopy(net).double()
    total, iou, conf, cls, l1 = net.head(net.backbone(images), labels, images)[:5]
    total.backward()
    net.head.get_assignments = exact.head.get_assignments = assign
    tensors["noise"] = noise(net, exact, images.double(), labels.double())
    tensors |= {f"gradients.{name}": value.grad for name, value in net.named_parameters()}
    tensors |= {f"after.{name}": value.clone() for name, value in net.named_buffers()
                if value.is_floating_point()}
    tensors["images"] = images
    tensors["targets"] = torch.tensor(
        [[float(image), *target] for image, all_of in enumerate(TARGETS) for target in all_of])
    tensors["matches"] = torch.tensor(matches)
    tensors["losses"] = torch.stack([torch.as_tensor(of).detach().reshape(())
                                     for of in (total, iou, conf, cls, l1)])
    save_file({name: value.detach().contiguous() for name, value in tensors.items()}, out)
    print("total, iou, conf, cls, l1:", tensors["losses"].tolist())
    print("largest error of its own gradients:", tensors["noise"].item())
    print("anchors that answer for a target:", len(matches))


def steps():
    for name, nesterov, clip in [("ahead", True, None), ("plain", False, None),
                                 ("clipped", True, 1.5)]:
        weight = torch.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
        bias = torch.tensor([0.1, -0.3], requires_grad=True)
        factors = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        groups = [{"params": [weight], "weight_decay": 0.05}, {"params": [bias]}]
        sgd = torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=nesterov)
        for rate in [0.1, 0.08, 0.06, 0.04, 0.02]:
            for group in sgd.param_groups:
                group["lr"] = rate
            sgd.zero_grad()
            loss = (weight * weight * factors).sum() * 0.5 + (bias * bias * bias).sum() / 3
            loss.backward()
            if clip:
                torch.nn.utils.clip_grad_norm_([weight, bias], clip)
            sgd.step()
        print(name, [round(value, 6) for value in weight.flatten().tolist() + bias.tolist()])


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    steps() if sys.argv[1] == "steps" else expected(*sys.argv[1:])
