"""Computes the expected values of test/training/optimizers with PyTorch and transformers.

Run: python test/reference/optimizers.py (torch, transformers). Writes test/fixtures/training/{optimizers,schedules}.json.
"""
import json

import torch
from tiny_bert import FIXTURES
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import get_scheduler
from transformers.optimization import Adafactor

STEPS = 50
WARMUP = 5
MAXIMUM_NORM = 1.5
LEARNING_RATE = 0.01
SHOWN = [1, 2, 3, 10, 20, 21, 30, 40, 50]
SHAPES = {"weight": (5, 3), "other": (2, 4), "bias": (4,)}


class Lion(torch.optim.Optimizer):
    """Chen et al., "Symbolic discovery of optimization algorithms", 2023, algorithm 2, line by line."""

    def __init__(self, parameters, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                momentum = state.get("momentum", torch.zeros_like(parameter))
                update = torch.sign(beta1 * momentum + (1 - beta1) * parameter.grad)
                parameter -= group["lr"] * (update + group["weight_decay"] * parameter)
                state["momentum"] = beta2 * momentum + (1 - beta2) * parameter.grad


def start():
    generator = torch.Generator().manual_seed(3)
    values = {name: torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}
    gradients = [
        {name: torch.randn(shape, generator=generator) * (0.8 if step % 2 else 0.1) for name, shape in SHAPES.items()}
        for step in range(STEPS)
    ]
    return values, gradients


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().reshape(-1).tolist()]


class Parameters(nn.Module):
    def __init__(self, values):
        super().__init__()
        for name, value in values.items():
            setattr(self, name, nn.Parameter(value.clone()))


def run(create, decay, rates=None, begins=None, average=None):
    """Fifty updates; `begins` says at which step a parameter gets its first gradient, `average` is an EMA's decay."""
    values, gradients = start()
    model = Parameters(values)
    rates, begins = rates or {}, begins or {}
    groups = [
        {
            "params": [getattr(model, name)],
            "lr": rates.get(name, LEARNING_RATE),
            "weight_decay": 0.0 if name == "bias" else decay,
        }
        for name in SHAPES
    ]
    optimizer = create(groups)
    scheduler = get_scheduler("linear", optimizer, num_warmup_steps=WARMUP, num_training_steps=STEPS)
    averaged = None if average is None else AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(average))
    after = {}
    for step in range(STEPS):
        trained = [name for name in SHAPES if begins.get(name, 0) <= step]
        for name in trained:
            getattr(model, name).grad = gradients[step][name].clone()
        nn.utils.clip_grad_norm_([getattr(model, name) for name in trained], MAXIMUM_NORM)
        optimizer.step()
        scheduler.step()
        if averaged is not None:
            averaged.update_parameters(model)
        if step + 1 in SHOWN:
            shown = model if averaged is None else averaged.module
            after[step + 1] = {name: numbers(getattr(shown, name)) for name in SHAPES}
    return after


def optimizers():
    def adamw(groups):
        return torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.98), eps=1e-6)

    def sgd(**options):
        return lambda groups: torch.optim.SGD(groups, lr=LEARNING_RATE, **options)

    def adafactor(**options):
        return lambda groups: Adafactor(
            groups, lr=LEARNING_RATE, relative_step=False, **{"scale_parameter": False, **options}
        )

    def lion(groups):
        return Lion(groups, lr=LEARNING_RATE)

    adamw_options = {"name": "adamw", "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-6}
    adafactor_options = {
        "name": "adafactor", "beta1": 0, "decayRate": -0.8, "clipThreshold": 1, "scaleParameter": False,
        "epsilon": 1e-30, "parameterEpsilon": 1e-3,
    }
    lion_options = {"name": "lion", "beta1": 0.9, "beta2": 0.99}

    def case(name, options, create, decay, **rest):
        return {"name": name, "options": options, "weight_decay": decay, **rest, "after": run(create, decay, **rest)}

    rates = {"weight": 0.003, "bias": 0.02}
    begins = {"weight": 20, "other": 7}
    cases = [
        case("adamw", adamw_options, adamw, 0.05),
        case("adamw with rates by group", adamw_options, adamw, 0.05, rates=rates),
        case("adamw with gradual unfreezing", adamw_options, adamw, 0.05, begins=begins),
        case("adamw with an average of the weights", adamw_options, adamw, 0.05, average=0.9),
        case("sgd", {"name": "sgd", "momentum": 0, "nesterov": False}, sgd(), 0.05),
        case("sgd with momentum", {"name": "sgd", "momentum": 0.9, "nesterov": False}, sgd(momentum=0.9), 0.05),
        case(
            "sgd with nesterov's momentum, rates by group, unfreezing and an average",
            {"name": "sgd", "momentum": 0.8, "nesterov": True}, sgd(momentum=0.8, nesterov=True), 0.05,
            rates=rates, begins=begins, average=0.95,
        ),
        case("lion", lion_options, lion, 0.3),
        case("lion with gradual unfreezing", lion_options, lion, 0.3, begins=begins),
        case("adafactor", adafactor_options, adafactor(), 0.05),
        case(
            "adafactor with momentum, relative to the parameters",
            {**adafactor_options, "beta1": 0.9, "scaleParameter": True, "clipThreshold": 0.7, "decayRate": -0.6},
            adafactor(beta1=0.9, scale_parameter=True, clip_threshold=0.7, decay_rate=-0.6), 0.05, begins=begins,
        ),
    ]
    values, gradients = start()
    return {
        "steps": STEPS, "warmup": WARMUP, "maximum_norm": MAXIMUM_NORM, "learning_rate": LEARNING_RATE,
        "shapes": SHAPES, "start": {name: numbers(value) for name, value in values.items()},
        "gradients": [{name: numbers(gradient) for name, gradient in step.items()} for step in gradients],
        "cases": cases,
    }


def rates_of(create, total, peak):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=peak)
    scheduler = create(optimizer)
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def schedules():
    peak = 3e-4
    result = []

    def add(schedule, warmup, total, create, **options):
        result.append({
            "options": {"schedule": schedule, "warmupSteps": warmup, "totalSteps": total, **options},
            "rates": rates_of(create, total, peak),
        })

    def named(name, warmup, total, **settings):
        return lambda optimizer: get_scheduler(
            name, optimizer, num_warmup_steps=warmup, num_training_steps=total,
            **({"scheduler_specific_kwargs": settings} if settings else {}),
        )

    for warmup, total in [(0, 7), (3, 10), (10, 10), (4, 37), (5, 50)]:
        for name, theirs in [("linear", "linear"), ("cosine", "cosine"), ("constant", "constant_with_warmup")]:
            add(name, warmup, total, named(theirs, warmup, total))
    for warmup, total in [(0, 50), (6, 50)]:
        for cycles in [1, 3]:
            add("cosine-with-restarts", warmup, total,
                named("cosine_with_restarts", warmup, total, num_cycles=cycles), cycles=cycles)
        for power, end in [(1.0, 1e-7), (2.0, 3e-5), (0.5, 0.0)]:
            add("polynomial", warmup, total, named("polynomial", warmup, total, power=power, lr_end=end),
                power=power, finalFactor=end / peak)
        add("inverse-sqrt", warmup, total, named("inverse_sqrt", warmup, total))
        add("cosine", warmup, total, named("cosine_with_min_lr", warmup, total, min_lr=6e-5), finalFactor=0.2)
        for shape in ["cosine", "linear", "1-sqrt"]:
            for final in [0.0, 0.1]:
                add("warmup-stable-decay", warmup, total,
                    named("warmup_stable_decay", warmup, total, num_decay_steps=15, decay_type=shape,
                          min_lr_ratio=final),
                    decaySteps=15, decayShape=shape, finalFactor=final)
    for warmup, total in [(15, 50), (5, 20)]:
        add("one-cycle", warmup, total, lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=peak, total_steps=total, pct_start=warmup / total, cycle_momentum=False))
    return {"peak": peak, "cases": result}


def write(name, value):
    (FIXTURES / f"{name}.json").write_text(json.dumps(value) + "\n")


if __name__ == "__main__":
    write("optimizers", optimizers())
    write("schedules", schedules())
