"""Computes the expected values of test/training with PyTorch and transformers.

Run: python test/reference/training.py (torch, transformers, safetensors). Writes test/fixtures/training/.
"""
import json
from pathlib import Path

import torch
from torch import nn
from transformers import get_scheduler

FIXTURES = Path(__file__).parent.parent / "fixtures" / "training"


def numbers(tensor):
    return [float(value) for value in tensor.detach().double().reshape(-1)]


def adamw():
    """Nine updates of two parameters, one of them without decay, with gradients that are given."""
    generator = torch.Generator().manual_seed(3)
    weight = nn.Parameter(torch.randn(3, 4, generator=generator))
    bias = nn.Parameter(torch.randn(4, generator=generator))
    options = dict(lr=0.01, betas=(0.9, 0.98), eps=1e-6)
    optimizer = torch.optim.AdamW(
        [{"params": [weight], "weight_decay": 0.05}, {"params": [bias], "weight_decay": 0.0}], **options
    )
    steps = 9
    scheduler = get_scheduler("linear", optimizer, num_warmup_steps=2, num_training_steps=steps)
    result = {
        "learning_rate": 0.01, "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-6, "weight_decay": 0.05, "warmup": 2,
        "steps": steps, "maximum_norm": 1.5,
        "weight": numbers(weight), "bias": numbers(bias), "gradients": [], "norms": [], "after": [],
    }
    for step in range(steps):
        weight.grad = torch.randn(3, 4, generator=generator) * (2.0 if step % 2 else 0.1)
        bias.grad = torch.randn(4, generator=generator)
        result["gradients"].append({"weight": numbers(weight.grad), "bias": numbers(bias.grad)})
        norm = nn.utils.clip_grad_norm_([weight, bias], 1.5)
        result["norms"].append(float(norm))
        optimizer.step()
        scheduler.step()
        result["after"].append({"weight": numbers(weight), "bias": numbers(bias)})
    return result


def schedules():
    result = []
    for name in ["linear", "cosine", "constant_with_warmup"]:
        for warmup, total in [(0, 7), (3, 10), (10, 10), (4, 37)]:
            optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=3e-4)
            scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=total)
            rates = []
            for _ in range(total):
                rates.append(optimizer.param_groups[0]["lr"])
                optimizer.step()
                scheduler.step()
            result.append({
                "schedule": name.replace("_with_warmup", ""), "warmup": warmup, "total": total, "rates": rates,
            })
    return result


def cross_entropy():
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(6, 3, generator=generator) * 3
    labels = torch.tensor([0, 2, 1, 1, 0, 2])
    class_weights = torch.tensor([0.5, 2.0, 1.25])
    result = []
    for weights in [None, class_weights]:
        for smoothing in [0.0, 0.2]:
            z = logits.clone().requires_grad_()
            loss = nn.functional.cross_entropy(z, labels, weight=weights, label_smoothing=smoothing)
            loss.backward()
            result.append({
                "class_weights": None if weights is None else numbers(weights), "label_smoothing": smoothing,
                "loss": float(loss.detach()), "gradient": numbers(z.grad),
            })
    return {"logits": numbers(logits), "labels": labels.tolist(), "cases": result}


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for name, value in [("adamw", adamw()), ("schedules", schedules()), ("cross-entropy", cross_entropy())]:
        (FIXTURES / f"{name}.json").write_text(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
