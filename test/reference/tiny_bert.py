"""The tiny BERT models and the examples that the reference scripts of training share."""
import json
from pathlib import Path

import torch
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

FIXTURES = Path(__file__).parent.parent / "fixtures" / "training"
VOCABULARY = 40
MASK = 4


def config():
    return BertConfig(
        vocab_size=VOCABULARY, hidden_size=12, num_hidden_layers=2, num_attention_heads=2, intermediate_size=20,
        max_position_embeddings=16, type_vocab_size=2, initializer_range=0.25, num_labels=3,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )


def classifier():
    torch.manual_seed(11)
    return prepare(BertForSequenceClassification(config()))


def masked_language_model():
    torch.manual_seed(12)
    return prepare(BertForMaskedLM(config()))


def prepare(model):
    """Biases and the weights of LayerNorm are not what they start as, or a test could not tell them apart."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "LayerNorm" in name:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


def examples(count, seed):
    """Sequences of 4 to 14 ids with token types and labels: [CLS] a [SEP] b [SEP]."""
    generator = torch.Generator().manual_seed(seed)
    result = []
    for _ in range(count):
        length = int(torch.randint(4, 15, (1,), generator=generator))
        words = torch.randint(5, VOCABULARY, (length,), generator=generator)
        words[0], words[-1] = 2, 3
        types = torch.zeros(length, dtype=torch.int64)
        types[length // 2:] = 1
        result.append({
            "ids": words.tolist(), "types": types.tolist(),
            "label": int(torch.randint(0, 3, (1,), generator=generator)),
        })
    return result


def mask(example, generator):
    """The same sequence with two of its words masked, one of them by a random word."""
    inner = torch.randperm(len(example["ids"]) - 2, generator=generator)[:2] + 1
    positions = sorted(inner.tolist())
    ids = list(example["ids"])
    labels = [ids[position] for position in positions]
    for index, position in enumerate(positions):
        ids[position] = MASK if index == 0 else int(torch.randint(5, VOCABULARY, (1,), generator=generator))
    return {"ids": ids, "types": example["types"], "positions": positions, "labels": labels}


def collate(batch):
    length = max(len(example["ids"]) for example in batch)

    def pad(key, fill=0):
        return torch.tensor([example[key] + [fill] * (length - len(example[key])) for example in batch])

    attention = torch.tensor([[1] * len(e["ids"]) + [0] * (length - len(e["ids"])) for e in batch])
    return {"input_ids": pad("ids"), "token_type_ids": pad("types"), "attention_mask": attention}


def numbers(tensor):
    return [float(value) for value in tensor.detach().double().reshape(-1)]


def save_weights(model, folder):
    """The model as transformers saves it."""
    model.save_pretrained(FIXTURES / folder)


def write(name, value):
    FIXTURES.mkdir(parents=True, exist_ok=True)
    (FIXTURES / f"{name}.json").write_text(json.dumps(value) + "\n")
