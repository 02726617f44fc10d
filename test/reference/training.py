"""Computes the expected values of test/training with PyTorch and transformers.

Run: python test/reference/training.py (torch, transformers, safetensors). Writes test/fixtures/training/.
"""
import torch
from tiny_bert import classifier, collate, examples, mask, masked_language_model, numbers, save_weights, write
from torch import nn
from transformers import get_scheduler


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


STEPS = 20
BATCH = 4


def decayed(model):
    """transformers' Trainer: biases and the weights of LayerNorm are not decayed."""
    groups = {True: [], False: []}
    for name, parameter in model.named_parameters():
        groups[not (name.endswith("bias") or "LayerNorm" in name)].append(parameter)
    return [
        {"params": groups[True], "weight_decay": 0.1},
        {"params": groups[False], "weight_decay": 0.0},
    ]


def train(model, loss_of):
    """Twenty updates with AdamW, linear schedule with warmup, clipping; batch i is examples 4 i to 4 i + 3."""
    optimizer = torch.optim.AdamW(decayed(model), lr=2e-3)
    scheduler = get_scheduler("linear", optimizer, num_warmup_steps=4, num_training_steps=STEPS)
    losses, norms = [], []
    for step in range(STEPS):
        loss = loss_of(step)
        loss.backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
        losses.append(float(loss.detach()))
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
    weights = {name: numbers(parameter) for name, parameter in model.named_parameters()}
    return {
        "learning_rate": 2e-3, "warmup": 4, "weight_decay": 0.1, "maximum_norm": 1.0, "batch": BATCH,
        "losses": losses, "norms": norms, "weights": weights,
    }


def classification():
    model = classifier()
    save_weights(model, "tiny-classifier")
    data = examples(STEPS * BATCH, 21)

    def loss_of(step):
        batch = data[step * BATCH:(step + 1) * BATCH]
        return model(**collate(batch), labels=torch.tensor([example["label"] for example in batch])).loss

    return {"examples": data, **train(model, loss_of)}


def masked_language():
    model = masked_language_model()
    save_weights(model, "tiny-masked-language-model")
    generator = torch.Generator().manual_seed(23)
    data = [mask(example, generator) for example in examples(STEPS * BATCH, 22)]

    def loss_of(step):
        batch = data[step * BATCH:(step + 1) * BATCH]
        inputs = collate(batch)
        labels = torch.full_like(inputs["input_ids"], -100)
        for row, example in enumerate(batch):
            labels[row, example["positions"]] = torch.tensor(example["labels"])
        return model(**inputs, labels=labels).loss

    return {"examples": data, **train(model, loss_of)}


def main():
    write("cross-entropy", cross_entropy())
    write("classification", classification())
    write("masked-language", masked_language())


if __name__ == "__main__":
    main()
