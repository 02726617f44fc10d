"""Computes the expected values of elastic weight consolidation with PyTorch, one example at a time.

Run after training.py: python test/reference/ewc.py (torch, transformers). Writes test/fixtures/training/ewc.json.
"""
import torch
from tiny_bert import classifier, collate, examples, mask, masked_language_model, numbers, write
from torch import nn

COUNT = 10
STRENGTH = 30.0


def add_squares(sums, model, scalar, weight):
    model.zero_grad()
    scalar.backward(retain_graph=True)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            sums[name] += weight * parameter.grad ** 2 / COUNT


def zeros(model):
    return {name: torch.zeros_like(parameter) for name, parameter in model.named_parameters()}


def fisher_of_classifier(model, data):
    """Exact: all labels, weighted by the model's probabilities. Empirical: the given label."""
    exact, empirical = zeros(model), zeros(model)
    for example in data:
        log_probabilities = torch.log_softmax(model(**collate([example])).logits[0], 0)
        for label in range(3):
            weight = float(log_probabilities[label].exp().detach())
            add_squares(exact, model, log_probabilities[label], weight)
        add_squares(empirical, model, log_probabilities[example["label"]], 1.0)
    return exact, empirical


def fisher_of_masked_language_model(model, data):
    """Empirical: the sum of the log-likelihoods of a sequence's masked words, squared gradient per sequence."""
    sums = zeros(model)
    for example in data:
        logits = model(**collate([example])).logits[0]
        likelihood = torch.log_softmax(logits[example["positions"]], -1)
        labels = torch.tensor(example["labels"])
        add_squares(sums, model, likelihood[torch.arange(len(labels)), labels].sum(), 1.0)
    return sums


def train_with_penalty(model, fisher, data):
    """Six updates under the penalty: loss, penalty and norm of the gradient of both, which AdamW follows."""
    anchor = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=5e-3, weight_decay=0.0)
    result = {"losses": [], "penalties": [], "norms": []}
    for step in range(6):
        batch = data[step * 4:step * 4 + 4]
        loss = model(**collate(batch), labels=torch.tensor([example["label"] for example in batch])).loss
        penalty = sum(
            STRENGTH / 2 * (fisher[name] * (parameter - anchor[name]) ** 2).sum()
            for name, parameter in model.named_parameters()
        )
        optimizer.zero_grad()
        (loss + penalty).backward()
        result["norms"].append(float(nn.utils.clip_grad_norm_(parameters, 1e9)))
        result["losses"].append(float(loss.detach()))
        result["penalties"].append(float(penalty.detach()))
        optimizer.step()
    return {**result, "learning_rate": 5e-3, "strength": STRENGTH}


def shares(tensors):
    return {name: numbers(tensor) for name, tensor in tensors.items()}


def main():
    data = examples(COUNT, 31)
    exact, empirical = fisher_of_classifier(classifier(), data)
    generator = torch.Generator().manual_seed(33)
    masked = [mask(example, generator) for example in examples(COUNT, 32)]
    new_task = examples(24, 34)
    write("ewc", {
        "examples": data, "exact": shares(exact), "empirical": shares(empirical),
        "masked_examples": masked,
        "masked_empirical": shares(fisher_of_masked_language_model(masked_language_model(), masked)),
        "new_task": new_task, "training": train_with_penalty(classifier(), exact, new_task),
    })


if __name__ == "__main__":
    main()
