"""The peer of the training benchmarks: Hugging Face Trainer on PyTorch, on the CPU.

Reads a JSON object of settings as its only argument. Prints one JSON line when it is ready, then waits for lines on
standard input: a number trains so many steps and is answered by a JSON line with examples, tokens and seconds; `end` ends.
"""

import json
import os
import re
import resource
import sys
import time

settings = json.loads(sys.argv[1])
started = time.perf_counter()
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch  # noqa: E402
import transformers  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

transformers.logging.set_verbosity_error()
torch.set_num_threads(settings["threads"])
transformers.set_seed(settings["seed"])
# Standard output carries the protocol alone; Trainer prints its log there.
protocol = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def say(**message):
    print(json.dumps(message), file=protocol, flush=True)


class Classifications(torch.utils.data.Dataset):
    def __init__(self, examples):
        self.examples = examples

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, index):
        return self.examples[index]


def read_examples(tokenizer):
    examples = []
    with open(settings["data"], encoding="utf-8") as lines:
        for line in lines:
            text, label = line.rstrip("\n").rsplit("\t", 1)
            encoded = tokenizer(text, truncation=True, max_length=settings["maxLength"])
            examples.append({**encoded, "label": int(label)})
    if settings.get("length"):
        # Every sequence exactly so long, for shapes without padding.
        ids = torch.randint(1000, 20000, (1024, settings["length"])).tolist()
        examples = [
            {"input_ids": row, "attention_mask": [1] * len(row), "token_type_ids": [0] * len(row), "label": i % 2}
            for i, row in enumerate(ids)
        ]
    return examples


class Segments(TrainerCallback):
    """Stops after the steps asked for, reports, and waits for the next order."""

    def __init__(self):
        self.wait()

    def wait(self):
        order = sys.stdin.readline().strip()
        self.left = 0 if order in ("", "end") else int(order)
        self.steps = self.left
        self.examples = self.tokens = 0
        self.begin = time.perf_counter()
        self.processor = time.process_time()
        return self.left > 0

    def on_step_end(self, args, state, control, **_):
        self.left -= 1
        if self.left == 0:
            seconds = time.perf_counter() - self.begin
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            say(
                steps=self.steps,
                examples=self.steps * settings["batchSize"],
                seconds=seconds,
                processorSeconds=time.process_time() - self.processor,
                peakBytes=peak,
            )
            if not self.wait():
                control.should_training_stop = True


tokenizer = AutoTokenizer.from_pretrained(settings["model"])
examples = read_examples(tokenizer)
if settings.get("config"):
    config = BertConfig(**settings["config"], num_labels=2)
    model = AutoModelForSequenceClassification.from_config(config)
else:
    model = AutoModelForSequenceClassification.from_pretrained(settings["model"], num_labels=2)
if settings.get("attention"):
    model.set_attn_implementation(settings["attention"])
for name, parameter in model.named_parameters():
    if any(re.search(pattern, name) for pattern in settings.get("freeze", [])):
        parameter.requires_grad = False
arguments = TrainingArguments(
    output_dir=settings["output"],
    per_device_train_batch_size=settings["batchSize"],
    max_steps=100_000,
    learning_rate=settings["learningRate"],
    use_cpu=True,
    report_to="none",
    save_strategy="no",
    disable_tqdm=True,
    seed=settings["seed"],
    **settings.get("arguments", {}),
)
say(
    ready=time.perf_counter() - started,
    versions=f"torch {torch.__version__}, transformers {transformers.__version__}, Python {sys.version.split()[0]}",
    settings=f"{arguments.optim}, {model.config._attn_implementation} attention, "
    f"{arguments.train_sampling_strategy} sampling, bf16 {arguments.bf16}, compile {arguments.torch_compile}, "
    f"threads {torch.get_num_threads()}",
)
callback = Segments()
if callback.left > 0:
    Trainer(
        model=model,
        args=arguments,
        train_dataset=Classifications(examples),
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer),
        callbacks=[callback],
    ).train()
