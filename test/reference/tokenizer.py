"""Makes test/fixtures/tokenizer: tokenizers, texts, and the ids that Python's `tokenizers` gives for them.

Run from the project's root: python test/reference/tokenizer.py
Made with tokenizers 0.23.3, transformers 5.23.0.

The folder `trained` is written by roux itself (test/data/word-piece-trainer.test.ts, with UPDATE_FIXTURES=1); run this script
after it, so that its ids are those that Python reads from the files.
"""

import json
import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

folder = Path("test/fixtures/tokenizer")
corpus = (folder / "corpus.txt").read_text(encoding="utf-8").split("\n")
specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def word_piece(size, **normalizer):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(**normalizer)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def byte_pairs(size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def nasty_texts():
    rng = random.Random(5)

    def char():
        kind = rng.random()
        if kind < 0.4:
            return chr(rng.randrange(32, 127))
        if kind < 0.7:
            return chr(rng.randrange(0, 0x3000))
        if kind < 0.9:
            return chr(rng.choice([rng.randrange(0x3000, 0xD800), rng.randrange(0xE000, 0x10000)]))
        return chr(rng.randrange(0x10000, 0x110000))

    texts = ["".join(char() for _ in range(rng.randrange(1, 25))) for _ in range(400)]
    return [
        *texts,
        "",
        " ",
        "[SEP]",
        "a[MASK]b [CLS][PAD] [UNK]x [mask]",
        "Café CAFÉ cafe\u0301 Ångström naïve",
        "ΌΣΟΣ ΣΊΣΥΦΟΣ",
        "İstanbul ISTANBUL ﬁne ß ẞ",
        "中文字符 mixed 日本語テキスト 한국어 \U00020000\U0002f800",
        "zero\u200bwidth \ufeffmark soft\u00adhyphen \u202eright",
        "tabs\tand\r\nline\u2028breaks\u00a0\u3000\x0b\x0c\x85end",
        "🙂👩‍👩‍👧‍👦🇩🇪",
        "\u037e \u1fef \u212b \u0344 \u2000",
        "x" * 100,
        "x" * 101,
        "é" * 100,
        "é" * 101,
        "don't, I'm  he's we've they're . ! ? , can n't",
    ]


def expected(tokenizer, texts):
    rows = []
    for text in texts:
        encoding = tokenizer.encode(text)
        rows.append({"text": text, "ids": encoding.ids, "decoded": tokenizer.decode(encoding.ids)})
    return rows


def expected_pairs(tokenizer, texts):
    rng = random.Random(6)
    rows = []
    for _ in range(120):
        text, pair = rng.choice(texts)[:120], rng.choice(texts)[:120]
        max_length = rng.randrange(4, 40)
        tokenizer.enable_truncation(max_length)
        encoding = tokenizer.encode(text, pair)
        tokenizer.no_truncation()
        rows.append(
            {
                "text": text,
                "pair": pair,
                "max_length": max_length,
                "ids": encoding.ids,
                "types": encoding.type_ids,
                "special": encoding.special_tokens_mask,
            }
        )
    return rows


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


texts = [*nasty_texts(), *[line for line in corpus if line][:60]]
kinds = {
    "uncased": word_piece(600, lowercase=True),
    "cased": word_piece(600, lowercase=False),
    "accents": word_piece(500, lowercase=True, strip_accents=False, clean_text=False, handle_chinese_chars=False),
    "byte-pairs": byte_pairs(500),
}
added = word_piece(400, lowercase=True)
added.add_tokens(["Ahab", "white whale", "Café"])
kinds["added"] = added
for name, tokenizer in kinds.items():
    (folder / name).mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / name / "tokenizer.json"), pretty=False)
    write(folder / name / "expected.json", {"single": expected(tokenizer, texts), "pairs": expected_pairs(tokenizer, texts)})

if (folder / "trained" / "tokenizer.json").exists():
    tokenizer = Tokenizer.from_file(str(folder / "trained" / "tokenizer.json"))
    auto = AutoTokenizer.from_pretrained(str(folder / "trained"))
    rows = expected(tokenizer, texts)
    for row in rows:
        assert auto(row["text"])["input_ids"] == row["ids"], row["text"]
    write(folder / "trained" / "expected.json", {"single": rows, "pairs": expected_pairs(tokenizer, texts)})
    reference = word_piece(600, lowercase=True)
    write(folder / "trained" / "reference-vocabulary.json", sorted(reference.get_vocab()))
