"""The same small transformer in PyTorch, in double precision: logits, loss, every gradient, and the losses of 200 steps of AdamW.

    python make.py        with PyTorch and numpy; writes run.json and run.f32 beside this file

Written with PyTorch's own layers and optimiser, nothing of ours. run.f32 (little-endian) holds, one after the other: the weights that
both start from, the gradient of the first batch, the logits of the first batch; tensors of weights in the order of `tensors` in run.json.
"""

import json
import platform
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
CONFIG = {"layers": 2, "width": 32, "heads": 4, "feedForward": 64, "vocabulary": 19, "context": 24}
STEPS = 200
TRAINING = {"peak": 5e-3, "warmUpSteps": 10, "totalSteps": STEPS, "floor": 0.05}
ADAMW = {"weightDecay": 0.1, "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "clipNorm": 1.0}

L, d, H, ff, V, C = CONFIG.values()
torch.manual_seed(20261130)
torch.set_default_dtype(torch.float64)


def shapes():
    matrices = {"embedding.token": (V, d), "embedding.position": (C, d)}
    vectors = {}
    for l in range(L):
        matrices[f"block.{l}.attention.in.weight"] = (d, 3 * d)
        matrices[f"block.{l}.attention.out.weight"] = (d, d)
        matrices[f"block.{l}.feedForward.in.weight"] = (d, ff)
        matrices[f"block.{l}.feedForward.out.weight"] = (ff, d)
        vectors[f"block.{l}.attention.norm.gain"] = (d,)
        vectors[f"block.{l}.attention.norm.bias"] = (d,)
        vectors[f"block.{l}.attention.in.bias"] = (3 * d,)
        vectors[f"block.{l}.attention.out.bias"] = (d,)
        vectors[f"block.{l}.feedForward.norm.gain"] = (d,)
        vectors[f"block.{l}.feedForward.norm.bias"] = (d,)
        vectors[f"block.{l}.feedForward.in.bias"] = (ff,)
        vectors[f"block.{l}.feedForward.out.bias"] = (d,)
    vectors["norm.gain"] = (d,)
    vectors["norm.bias"] = (d,)
    return {**matrices, **vectors}


def fresh(name, shape):
    """Larger than fresh weights usually are, so that every term counts; single precision, so that both start from the same."""
    mean = 1.0 if name.endswith(".gain") else 0.0
    return (mean + 0.1 * torch.randn(shape)).float().double().requires_grad_()


def forward(w, tokens):
    """Logits of one sequence of inputs."""
    x = w["embedding.token"][tokens] + w["embedding.position"][: len(tokens)]
    for l in range(L):
        b = lambda name: w[f"block.{l}.{name}"]
        n = F.layer_norm(x, (d,), b("attention.norm.gain"), b("attention.norm.bias"))
        qkv = n @ b("attention.in.weight") + b("attention.in.bias")
        q, k, v = (part.view(len(tokens), H, d // H).transpose(0, 1) for part in qkv.split(d, dim=-1))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).reshape(len(tokens), d)
        x = x + mixed @ b("attention.out.weight") + b("attention.out.bias")
        n = F.layer_norm(x, (d,), b("feedForward.norm.gain"), b("feedForward.norm.bias"))
        hidden = F.gelu(n @ b("feedForward.in.weight") + b("feedForward.in.bias"), approximate="tanh")
        x = x + hidden @ b("feedForward.out.weight") + b("feedForward.out.bias")
    return F.layer_norm(x, (d,), w["norm.gain"], w["norm.bias"]) @ w["embedding.token"].T


def logits_of(w, batch):
    starts, tokens = batch["starts"], torch.tensor(batch["tokens"])
    return torch.cat([forward(w, tokens[a:b]) for a, b in zip(starts, starts[1:])])


def loss_of(w, batch):
    return F.cross_entropy(logits_of(w, batch), torch.tensor(batch["targets"]))


def make_batch(random):
    """Sequences that can be learnt in part: a token is followed by itself plus a step of the sequence's own, or by chance."""
    tokens, targets, starts = [], [], [0]
    for _ in range(6):
        length = int(random.integers(1, C))
        step = int(random.integers(1, 4))
        sequence = [2]
        for _ in range(length - 1):
            after = (sequence[-1] - 2 + step) % (V - 2) + 2
            sequence.append(after if random.random() < 0.8 else int(random.integers(2, V)))
        sequence.append(0)
        tokens += sequence[:-1]
        targets += sequence[1:]
        starts.append(len(tokens))
    return {"tokens": tokens, "targets": targets, "starts": starts}


def train(w, batches):
    matrices = [t for t in w.values() if t.dim() > 1]
    vectors = [t for t in w.values() if t.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": ADAMW["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}],
        lr=TRAINING["peak"],
        betas=(ADAMW["beta1"], ADAMW["beta2"]),
        eps=ADAMW["epsilon"],
    )
    warm = TRAINING["warmUpSteps"]
    schedule = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / warm, total_iters=warm - 1),
            torch.optim.lr_scheduler.CosineAnnealingLR(
                optimizer, T_max=STEPS - warm, eta_min=TRAINING["floor"] * TRAINING["peak"]
            ),
        ],
        milestones=[warm - 1],
    )
    losses, norms, rates = [], [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(w, batches[step % len(batches)])
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(list(w.values()), ADAMW["clipNorm"])))
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses, norms, rates


def main():
    random = numpy.random.default_rng(20261130)
    batches = [make_batch(random) for _ in range(8)]
    w = {name: fresh(name, shape) for name, shape in shapes().items()}
    flat = lambda tensors: numpy.concatenate([t.detach().numpy().astype("<f4").ravel() for t in tensors])
    start = flat(w.values())
    logits = logits_of(w, batches[0])
    loss = loss_of(w, batches[0])
    gradients = torch.autograd.grad(loss, list(w.values()))
    numpy.concatenate([start, flat(gradients), flat([logits])]).tofile(HERE / "run.f32")
    losses, norms, rates = train(w, batches)
    run = {
        "tool": f"PyTorch {torch.__version__.split('+')[0]}, numpy {numpy.__version__}, Python {platform.python_version()}",
        "command": "python make.py",
        "config": CONFIG,
        "training": TRAINING,
        "adamw": ADAMW,
        "tensors": [{"name": name, "shape": list(shape)} for name, shape in shapes().items()],
        "batches": batches,
        "loss": loss.item(),
        "losses": [round(x, 9) for x in losses],
        "norms": [round(x, 9) for x in norms],
        "learningRates": rates,
    }
    (HERE / "run.json").write_text(json.dumps(run) + "\n")


main()
