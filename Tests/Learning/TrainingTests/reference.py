#!/usr/bin/env python3
"""Writes reference.json: co-training in PyTorch from fixed weights, for each hint loss, gradient block and sharing.

    python3 reference.py > reference.json      # needs PyPI's torch and numpy

One field of 12 ids, dimension 3; light 3-4-1, booster 3-6-1, both above a layer 3-3 where one is shared; batches of 8; 200 steps of plain gradient descent on all
parameters would hide Adam, so the dense layers use Adam 1e-3 and the embeddings row-wise Adagrad 0.02, as the trainer.
"""
import json, math
import numpy as np, torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
DIM, IDS, BATCH, STEPS, LAMBDA, T = 3, 12, 8, 200, 0.7, 2.0
rng = np.random.default_rng(1)
ids = rng.integers(0, IDS, (STEPS, BATCH))
labels = (rng.random((STEPS, BATCH)) < 1 / (1 + np.exp(-(ids % 3 - 1.0)))).astype(int)
f32 = lambda *shape: rng.normal(size=shape).astype(np.float32) * 0.6
start = {"embedding": f32(IDS, DIM), "booster_embedding": f32(IDS, DIM)}
for name, hidden in (("light", 4), ("booster", 6)):
    start[name] = [f32(DIM, hidden), f32(hidden), f32(hidden, 1), f32(1)]
start["trunk"] = [f32(DIM, DIM), f32(DIM)]


def net(p, x):
    return (torch.relu(x @ p[0] + p[1]) @ p[2] + p[3]).squeeze(1)


def run(hint_loss, block, sharing):
    tensor = lambda a: torch.tensor(a.astype(np.float64), requires_grad=True)
    e = tensor(start["embedding"])
    be = tensor(start["booster_embedding"]) if sharing == "nothing" else e
    light, booster = [tensor(a) for a in start["light"]], [tensor(a) for a in start["booster"]]
    trunk = [tensor(a) for a in start["trunk"]] if sharing == "layers" else []
    adam = torch.optim.Adam(light + booster + trunk, lr=1e-3)
    squares = {id(t): torch.zeros(IDS) for t in (e, be)}
    losses = []
    for step in range(STEPS):
        i, y = torch.tensor(ids[step]), torch.tensor(labels[step].astype(np.float64))
        x, bx = e[i], be[i]
        if trunk:
            x = bx = torch.relu(x @ trunk[0] + trunk[1])
        stops = block == "logits_and_shared_input" and sharing != "nothing"
        z, l = net(light, x.detach() if stops else x), net(booster, bx)
        t = l if block == "none" else l.detach()
        if hint_loss == "logit_mse":
            hint = ((t - z) ** 2).mean()
        elif hint_loss == "probability_mse":
            hint = ((torch.sigmoid(t) - torch.sigmoid(z)) ** 2).mean()
        else:
            hint = F.binary_cross_entropy_with_logits(z / T, torch.sigmoid(t / T))
        a, b = F.binary_cross_entropy_with_logits(z, y), F.binary_cross_entropy_with_logits(l, y)
        losses.append([float(a), float(b), float(hint)])
        adam.zero_grad(); e.grad = None; be.grad = None
        (a + b + LAMBDA * hint).backward()
        scale = 1 if step / STEPS < 0.5 else 1 - 0.9 * (step / STEPS - 0.5) / 0.5
        for group in adam.param_groups:
            group["lr"] = 1e-3 * scale
        adam.step()
        with torch.no_grad():
            for table in {id(e): e, id(be): be}.values():
                g = table.grad
                squares[id(table)] += (g * g).mean(1)
                touched = torch.zeros(IDS, dtype=bool); touched[i] = True
                rate = torch.where(touched, 0.02 * scale / (squares[id(table)].sqrt() + 1e-8), torch.zeros(IDS))
                table -= rate[:, None] * g
    return losses


runs = []
for hint_loss in ("logit_mse", "probability_mse", "distillation"):
    for block in ("logits", "none", "logits_and_shared_input"):
        for sharing in ("nothing", "embeddings", "layers"):
            losses = run(hint_loss, block, sharing)
            # Every tenth step's light loss, booster loss and hint.
            runs.append({"hint_loss": hint_loss, "gradient_block": block, "sharing": sharing,
                         "losses": [[round(v, 8) for v in row] for row in losses[::10]]})
flat = lambda parts: [float(v) for part in parts for v in part.reshape(-1)]
print(json.dumps({"ids": ids.tolist(), "labels": labels.tolist(), "embedding": flat([start["embedding"]]),
                  "booster_embedding": flat([start["booster_embedding"]]), "light": flat(start["light"]),
                  "booster": flat(start["booster"]), "trunk": flat(start["trunk"]), "runs": runs}, separators=(",", ":")))
