"""Tiny BERT models with random weights, and what Python's transformers computes with them.

Writes test/fixtures/models/: a Hugging Face folder per task, `<folder>.cases.json` with padded batches of pairs and the
logits, and `<folder>.gradients.safetensors` with the gradients of the cross entropy of the first batch.

Run: python test/reference/bert.py
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "models"
VOCABULARY = 48
IGNORED = -100


def config(**changes):
    return BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=24,
        max_position_embeddings=20,
        type_vocab_size=2,
        initializer_range=0.5,
        **changes,
    )


def batch(generator, lengths):
    """Padded pairs: the second text begins at a random token."""
    longest = max(lengths)
    ids = torch.zeros(len(lengths), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    types = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(1, VOCABULARY, (length,), generator=generator)
        mask[row, :length] = 1
        second = int(torch.randint(1, length + 1, (1,), generator=generator))
        types[row, second:length] = 1
    return ids, mask, types


def perturb(model, generator):
    """Biases and normalizations start as zeros and ones, which would hide mistakes."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))


def write(name, model, labels_of):
    generator = torch.Generator().manual_seed(7)
    perturb(model, generator)
    model.eval()
    model.save_pretrained(OUT / name)
    (OUT / name / "generation_config.json").unlink(missing_ok=True)
    cases = []
    for index, lengths in enumerate([[9, 4, 1], [20, 13], [1]]):
        ids, mask, types = batch(generator, lengths)
        labels = labels_of(ids, mask, generator)
        logits = model(input_ids=ids, attention_mask=mask, token_type_ids=types).logits
        flat = logits.reshape(-1, logits.shape[-1])
        loss = torch.nn.functional.cross_entropy(flat, labels.reshape(-1), ignore_index=IGNORED)
        if index == 0:
            model.zero_grad()
            loss.backward()
            gradients = {key: value.grad.clone() for key, value in model.named_parameters() if value.grad is not None}
            save_file(gradients, OUT / f"{name}.gradients.safetensors")
        cases.append(
            {
                "input_ids": ids.tolist(),
                "attention_mask": mask.tolist(),
                "token_type_ids": types.tolist(),
                "labels": labels.reshape(-1).tolist(),
                "logits": [[round(value, 6) for value in row] for row in flat.tolist()],
                "loss": loss.item(),
            }
        )
    (OUT / f"{name}.cases.json").write_text(json.dumps(cases) + "\n")


def class_labels(ids, mask, generator):
    return torch.randint(0, 3, (ids.shape[0],), generator=generator)


def masked_labels(ids, mask, generator):
    chosen = (torch.rand(ids.shape, generator=generator) < 0.4) & (mask == 1)
    chosen[:, 0] = True
    return torch.where(chosen, torch.randint(0, VOCABULARY, ids.shape, generator=generator), IGNORED)


def main():
    torch.manual_seed(5)
    OUT.mkdir(parents=True, exist_ok=True)
    labels = ["calm", "glad", "sad"]
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: id for id, label in enumerate(labels)}}
    write("tiny-classifier", BertForSequenceClassification(config(**names)), class_labels)
    write("tiny-masked", BertForMaskedLM(config()), masked_labels)
    write("tiny-tanh", BertForSequenceClassification(config(hidden_act="gelu_new", num_labels=3)), class_labels)


if __name__ == "__main__":
    main()
