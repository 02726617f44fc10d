"""The peer of the benchmark of quality: Hugging Face Trainer fine-tunes a classifier once for every seed and measures it.

Reads a JSON object of settings as its only argument. Prints one JSON line with versions and settings, then one for each
seed with accuracy, the loss of training, steps and seconds.
"""

import json
import os
import sys
import time

settings = json.loads(sys.argv[1])
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch  # noqa: E402
import transformers  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

transformers.logging.set_verbosity_error()
torch.set_num_threads(settings["threads"])
# Standard output carries the results alone; Trainer prints its log there.
results = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def say(**message):
    print(json.dumps(message), file=results, flush=True)


def read_examples(split):
    examples = []
    with open(os.path.join(settings["data"], f"{split}.tsv"), encoding="utf-8") as lines:
        for line in lines:
            text, label = line.rstrip("\n").rsplit("\t", 1)
            encoded = tokenizer(text, truncation=True, max_length=settings["maxLength"])
            examples.append({**encoded, "label": int(label)})
    return examples


def accuracy(prediction):
    return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}


tokenizer = AutoTokenizer.from_pretrained(settings["model"])
train, dev = read_examples("train"), read_examples("dev")

for index, seed in enumerate(settings["seeds"]):
    # The head is drawn from this seed, too.
    transformers.set_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(
        settings["model"],
        num_labels=2,
        hidden_dropout_prob=settings["dropout"],
        attention_probs_dropout_prob=settings["dropout"],
    )
    arguments = TrainingArguments(
        output_dir=settings["output"],
        num_train_epochs=settings["epochs"],
        per_device_train_batch_size=settings["batchSize"],
        per_device_eval_batch_size=settings["batchSize"],
        learning_rate=settings["learningRate"],
        weight_decay=settings["weightDecay"],
        lr_scheduler_type="linear",
        warmup_steps=settings["warmup"],
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        seed=seed,
    )
    if index == 0:
        say(
            versions=f"torch {torch.__version__}, transformers {transformers.__version__}, "
            f"Python {sys.version.split()[0]}",
            settings=f"{arguments.optim}, weight decay {arguments.weight_decay}, learning rate {arguments.learning_rate}, "
            f"{arguments.lr_scheduler_type}, warmup {arguments.warmup_steps}, batch {arguments.per_device_train_batch_size}, "
            f"gradient norm {arguments.max_grad_norm}, dropout {model.config.hidden_dropout_prob}, "
            f"{arguments.train_sampling_strategy} sampling, {model.config._attn_implementation} attention, "
            f"threads {torch.get_num_threads()}; {len(train)} and {len(dev)} sentences",
        )
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=dev,
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=accuracy,
    )
    begin = time.perf_counter()
    trained = trainer.train()
    seconds = time.perf_counter() - begin
    measured = trainer.evaluate()
    say(
        seed=seed,
        accuracy=measured["eval_accuracy"],
        loss=measured["eval_loss"],
        trainingLoss=trained.training_loss,
        steps=trained.global_step,
        seconds=seconds,
    )
