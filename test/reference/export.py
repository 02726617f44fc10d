"""Whether exported models give the same logits in Python, with transformers and with ONNX Runtime.

Run: python test/reference/export.py FOLDER EXPECTED

FOLDER is what an export stage wrote. EXPECTED is a JSON file with a list of batches, each with `input_ids`,
`attention_mask`, `token_type_ids` and the `logits` of the trained model. Prints the largest differences as JSON.
"""

import json
import pathlib
import sys

import numpy
import onnxruntime
import torch
import transformers


def transformers_model(folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    auto = (
        transformers.AutoModelForMaskedLM
        if config.architectures[0].endswith("ForMaskedLM")
        else transformers.AutoModelForSequenceClassification
    )
    model, info = auto.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    problems = {name: sorted(found) for name, found in info.items() if found}
    if problems:
        sys.exit(f"transformers does not load the folder cleanly: {problems}")
    model.eval()

    def compute(batch):
        with torch.no_grad():
            return model(**{name: torch.tensor(batch[name]) for name in INPUTS}).logits.numpy()

    return compute


def onnx_model(folder):
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])

    def compute(batch):
        feeds = {name: numpy.array(batch[name], dtype=numpy.int64) for name in INPUTS}
        return session.run(["logits"], feeds)[0]

    return compute


INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


def main():
    folder = pathlib.Path(sys.argv[1])
    batches = json.loads(pathlib.Path(sys.argv[2]).read_text())
    transformers.AutoTokenizer.from_pretrained(folder)
    models = {"transformers": transformers_model(folder), "onnxruntime": onnx_model(folder)}
    differences = dict.fromkeys(models, 0.0)
    for batch in batches:
        expected = numpy.array(batch["logits"], dtype=numpy.float32)
        for name, compute in models.items():
            found = compute(batch)
            if found.shape != expected.shape:
                sys.exit(f"{name} gives logits of shape {found.shape}, expected are {expected.shape}")
            differences[name] = max(differences[name], float(numpy.abs(found - expected).max()))
    print(json.dumps(differences))


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    main()
