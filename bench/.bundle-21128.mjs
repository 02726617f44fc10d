// bench/load-dataset.ts
import { spawn } from "node:child_process";
import { closeSync as closeSync2, createReadStream as createReadStream3, mkdirSync, mkdtempSync, openSync as openSync2, rmSync, writeSync as writeSync2 } from "node:fs";
import { tmpdir } from "node:os";
import { join as join3 } from "node:path";
import { fileURLToPath } from "node:url";

// src/artifacts/dataset.ts
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

// src/artifacts/user-error.ts
var UserError = class extends Error {
  name = "UserError";
  details;
  constructor(details, options) {
    super(details.message, options);
    this.details = details;
  }
};

// src/formats/json.ts
function formatJson(value) {
  return `${JSON.stringify(value, null, 2)}
`;
}

// src/artifacts/kinds.ts
var splitNames = ["train", "validation", "test"];
var artifactKinds = {
  dataset: {
    summary: "Rows of text with labels and columns, as JSONL, one file per split",
    parts: partsPerSplit("dataset.json", ["jsonl"])
  },
  tokens: {
    summary: "Token ids of a data set, as safetensors, one file per split",
    parts: partsPerSplit("tokens.json", ["safetensors", "ids.jsonl"])
  },
  tokenizer: { summary: "A Hugging Face tokenizer: tokenizer.json and what belongs to it" },
  model: { summary: "A Hugging Face model folder: config.json, model.safetensors, tokenizer.json" },
  penalty: {
    summary: "A quadratic penalty that holds weights near their old values: Fisher information and anchor"
  },
  metrics: { summary: "Measured figures, as JSON" },
  predictions: { summary: "One prediction per example, as JSONL" },
  curve: { summary: "Loss, learning rate and metrics by training step, as JSONL" },
  export: { summary: "A trained model in the formats of other tools, with a model card" },
  report: { summary: "One self-contained HTML page" }
};
function partsPerSplit(shared, extensions) {
  return Object.fromEntries(
    splitNames.map((split) => [split, [shared, ...extensions.map((extension) => `${split}.${extension}`)]])
  );
}

// src/artifacts/dataset.ts
var formatVersion = 1;
var writeBuffer = 1 << 20;
function createDatasetWriter(path) {
  return new FileDatasetWriter(path);
}
var LineWriter = class {
  #descriptor;
  #pending = [];
  #size = 0;
  constructor(path) {
    this.#descriptor = openSync(path, "w");
  }
  write(line) {
    this.#pending.push(line);
    this.#size += line.length;
    if (this.#size >= writeBuffer) this.#flush();
  }
  close() {
    try {
      this.#flush();
    } finally {
      closeSync(this.#descriptor);
    }
  }
  #flush() {
    if (this.#pending.length === 0) return;
    const bytes = Buffer.from(`${this.#pending.join("\n")}
`, "utf8");
    this.#pending = [];
    this.#size = 0;
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
  }
};
var FileDatasetWriter = class {
  #path;
  #splits = /* @__PURE__ */ new Map();
  constructor(path) {
    this.#path = path;
  }
  write(split, row) {
    const state = this.#split(split);
    if (row.label !== void 0) {
      if (!Number.isSafeInteger(row.label) || row.label < 0)
        throw new Error(`${row.label} is no label index`);
      state.labelCounts[row.label] = (state.labelCounts[row.label] ?? 0) + 1;
    }
    state.rows++;
    state.file.write(
      JSON.stringify({
        id: row.id,
        text: row.text,
        text_pair: row.textPair,
        label: row.label,
        columns: row.columns === void 0 || Object.keys(row.columns).length === 0 ? void 0 : row.columns
      })
    );
  }
  async finish(description, splits = []) {
    for (const split of splits) this.#split(split);
    this.abort();
    const { labels } = description;
    const summaries = {};
    for (const name of splitNames) {
      const state = this.#splits.get(name);
      if (state === void 0) continue;
      if (state.labelCounts.length > (labels?.length ?? 0))
        throw new Error("a row has a label without a name");
      summaries[name] = {
        rows: state.rows,
        ...labels === null ? {} : { labelCounts: labels.map((_, index) => state.labelCounts[index] ?? 0) }
      };
    }
    await writeFile(join(this.#path, "dataset.json"), formatJson(describe(description, summaries)));
    return { ...description, path: this.#path, splits: summaries };
  }
  abort() {
    for (const state of this.#splits.values()) state.file.close();
  }
  #split(name) {
    const existing = this.#splits.get(name);
    if (existing !== void 0) return existing;
    const created = { file: new LineWriter(join(this.#path, `${name}.jsonl`)), rows: 0, labelCounts: [] };
    this.#splits.set(name, created);
    return created;
  }
};
function describe(description, splits) {
  return {
    version: formatVersion,
    labels: description.labels,
    columns: description.columns,
    pairs: description.pairs,
    splits: Object.fromEntries(
      Object.entries(splits).map(([name, { rows, labelCounts }]) => [
        name,
        { rows, label_counts: labelCounts }
      ])
    ),
    statistics: description.statistics
  };
}

// src/data/path-patterns.ts
function matchesAnyPattern(path, patterns) {
  return patterns.some((pattern) => patternExpression(pattern).test(path));
}
var expressions = /* @__PURE__ */ new Map();
function patternExpression(pattern) {
  const known = expressions.get(pattern);
  if (known !== void 0) return known;
  const made = new RegExp(`^${translate(pattern)}$`, "u");
  expressions.set(pattern, made);
  return made;
}
function translate(pattern) {
  return pattern.replace(/\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[\\^$.+()[\]{}|/]/gu, (part) => {
    switch (part) {
      case "**/":
        return "(?:.*/)?";
      case "**":
        return ".*";
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      default:
        if (part.length > 1) return `(?:${part.slice(1, -1).split(",").map(translate).join("|")})`;
        return `\\${part}`;
    }
  });
}

// src/data/source-row.ts
function brokenRow(file, position, problem) {
  return {
    kind: "broken",
    row: position.row,
    problem: {
      code: "data/broken-row",
      ...problem,
      message: `Row ${position.row} is broken: ${problem.message}`,
      file,
      ...position.line === void 0 ? {} : { line: position.line }
    }
  };
}
function excerpt(text, length = 80) {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= length ? line : `${line.slice(0, length)}\u2026`;
}

// src/data/column-mapping.ts
function mapRow(row, mapping, file) {
  const { values } = row;
  const roles = [mapping.text, mapping.textPair, mapping.label, mapping.group, mapping.id];
  for (const name of roles) {
    if (name === void 0 || Object.hasOwn(values, name)) continue;
    if (row.row === 1) throw missingColumn(name, row, file);
    return brokenRow(file, row, { message: `it has no "${name}"`, found: Object.keys(values).join(", ") });
  }
  const label = mapping.label === void 0 ? void 0 : asText(values[mapping.label]).trim();
  if (label === "") {
    return brokenRow(file, row, {
      message: "it has no label",
      found: `nothing in the column "${mapping.label}"`,
      help: "Give it one, or leave such rows out with broken_rows: skip."
    });
  }
  const taken = /* @__PURE__ */ new Set([mapping.text, mapping.textPair, mapping.label, mapping.id]);
  const kept = mapping.keep === "all" ? Object.keys(values).filter((name) => !taken.has(name)) : mapping.keep;
  const absent = kept.find((name) => !Object.hasOwn(values, name));
  if (absent !== void 0 && row.row === 1) throw missingColumn(absent, row, file);
  return {
    kind: "mapped",
    row: row.row,
    text: asText(values[mapping.text]),
    ...mapping.textPair === void 0 ? {} : { textPair: asText(values[mapping.textPair]) },
    ...label === void 0 ? {} : { label },
    ...mapping.group === void 0 ? {} : { group: asText(values[mapping.group]) },
    ...mapping.id === void 0 ? {} : { id: asText(values[mapping.id]) },
    columns: Object.fromEntries(kept.map((name) => [name, values[name] ?? null]))
  };
}
function createLabelIndex(names) {
  const found = /* @__PURE__ */ new Map();
  if (names === void 0) {
    return {
      index(label) {
        const known = found.get(label);
        if (known !== void 0) return known;
        if (found.size >= mostLabels) throw tooManyLabels(label);
        found.set(label, found.size);
        return found.size - 1;
      },
      finish() {
        const labels = [...found.keys()];
        const numeric = labels.every((label) => label !== "" && Number.isFinite(Number(label)));
        const sorted = labels.toSorted(
          (first2, second2) => numeric ? Number(first2) - Number(second2) || compare(first2, second2) : compare(first2, second2)
        );
        return { names: sorted, order: Int32Array.from(labels, (label) => sorted.indexOf(label)) };
      }
    };
  }
  const list = isList(names) ? names : Object.keys(names);
  const patterns = [];
  for (const [index, name] of list.entries()) {
    const values = isList(names) ? [name] : names[name] ?? [];
    patterns.push({ values, index });
  }
  const unknown = -1;
  const hasPositions = isList(names) && !list.some((name) => /^\d+$/.test(name));
  const find = (label) => {
    const exact = patterns.find(({ values }) => values.includes(label))?.index;
    if (exact !== void 0) return exact;
    if (!isList(names)) return patterns.find(({ values }) => matchesAnyPattern(label, values))?.index;
    return hasPositions && /^\d+$/.test(label) && Number(label) < list.length ? Number(label) : void 0;
  };
  return {
    index(label) {
      let known = found.get(label);
      if (known === void 0) {
        known = find(label) ?? unknown;
        found.set(label, known);
      }
      return known === unknown ? void 0 : known;
    },
    finish: () => ({ names: list, order: Int32Array.from(list, (_, index) => index) })
  };
}
function asText(value) {
  return value === null || value === void 0 ? "" : String(value);
}
var mostLabels = 1e4;
function tooManyLabels(label) {
  return new UserError({
    code: "data/too-many-labels",
    message: `There are more than ${mostLabels} different labels`,
    found: `"${label.slice(0, 60)}" is one more`,
    help: "Is label the name of the right column? A column of text or of ids is none."
  });
}
function missingColumn(name, row, file) {
  const names = Object.keys(row.values);
  return new UserError({
    code: "data/no-column",
    message: `There is no column "${name}"`,
    found: `the columns ${names.map((column) => `"${column}"`).join(", ")}`,
    file,
    ...row.line === void 0 ? {} : { line: row.line },
    help: names.every((column) => /^\d+$/.test(column)) ? "A file without a header has the columns 1, 2, ...; give them names with columns: [...]." : "Column names must match exactly, upper and lower case included."
  });
}
function isList(names) {
  return Array.isArray(names);
}
function compare(first2, second2) {
  return first2 < second2 ? -1 : first2 > second2 ? 1 : 0;
}

// src/data/text-hash.ts
function normalizeForComparison(text) {
  const lower = text.normalize("NFC").toLowerCase();
  return (needsCollapsing.test(lower) ? lower.replaceAll(/\s+/g, " ") : lower).trim();
}
var needsCollapsing = /\s\s|[^\S ]/;
function hashText(text) {
  let high = 789270363 ^ text.length;
  let low = 1640531527;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    high ^= high >>> 15;
    low = Math.imul((low ^ unit) + 2135587861, 2246822519);
    low = low << 13 | low >>> 19;
  }
  return { high: mixBits(high ^ low >>> 3), low: mixBits(low ^ Math.imul(high, 668265263)) };
}
function mixBits(value) {
  let bits = value;
  bits = Math.imul(bits ^ bits >>> 16, 2246822507);
  bits = Math.imul(bits ^ bits >>> 13, 3266489909);
  return bits ^ bits >>> 16;
}
var FirstRows = class {
  #slots = new Int32Array(1 << 12);
  #high = new Int32Array(1 << 11);
  #low = new Int32Array(1 << 11);
  #rows = new Int32Array(1 << 11);
  #count = 0;
  /** The row that was added with the same hash; adds `row` and gives -1 when there is none. */
  findOrAdd(hash, row) {
    const slot = this.#slotOf(hash.high, hash.low);
    const entry = this.#slots[slot] ?? 0;
    if (entry !== 0) return this.#rows[entry - 1] ?? -1;
    if (this.#count === this.#high.length) {
      this.#grow();
      return this.findOrAdd(hash, row);
    }
    this.#high[this.#count] = hash.high;
    this.#low[this.#count] = hash.low;
    this.#rows[this.#count] = row;
    this.#count++;
    this.#slots[slot] = this.#count;
    return -1;
  }
  /** The slot that holds the hash, or the empty one where it belongs. */
  #slotOf(high, low) {
    const mask = this.#slots.length - 1;
    let slot = (low ^ Math.imul(high, 31)) & mask;
    for (let entry = this.#slots[slot] ?? 0; entry !== 0; entry = this.#slots[slot] ?? 0) {
      if (this.#high[entry - 1] === high && this.#low[entry - 1] === low) break;
      slot = slot + 1 & mask;
    }
    return slot;
  }
  #grow() {
    const size = this.#high.length * 2;
    this.#high = enlarge(this.#high, size);
    this.#low = enlarge(this.#low, size);
    this.#rows = enlarge(this.#rows, size);
    this.#slots = new Int32Array(size * 2);
    for (let entry = 1; entry <= this.#count; entry++) {
      this.#slots[this.#slotOf(this.#high[entry - 1] ?? 0, this.#low[entry - 1] ?? 0)] = entry;
    }
  }
};
function enlarge(values, size) {
  const larger = new Int32Array(size);
  larger.set(values);
  return larger;
}

// src/data/near-duplicates.ts
var bins = 64;
var bandBins = 4;
var bands = bins / bandBins;
var blockBits = 14;
var blockMask = (1 << blockBits) - 1;
var pieceLength = 5;
var longestText = 2e4;
var mostComparisons = 16;
function createNearDuplicateFinder(threshold) {
  const blocks = [];
  let rows = 0;
  const minima = new Uint32Array(bins);
  const leastEqualBins = Math.ceil(bins * (threshold + (1 - threshold) / 256) - 1e-9);
  const bandKey = (row, band) => blocks[row >> blockBits]?.[(row & blockMask) * bands + band] ?? 0;
  const similar = (first2, second2) => {
    let equal = 0;
    for (let band = 0; band < bands; band++) {
      const difference = bandKey(first2, band) ^ bandKey(second2, band);
      if ((difference & 255) === 0) equal++;
      if ((difference & 65280) === 0) equal++;
      if ((difference & 16711680) === 0) equal++;
      if (difference >>> 24 === 0) equal++;
    }
    return equal >= leastEqualBins;
  };
  return {
    add(text) {
      if (rows >> blockBits === blocks.length) blocks.push(new Uint32Array(bands << blockBits));
      sign(text, minima);
      const block = blocks[rows >> blockBits];
      const start = (rows & blockMask) * bands;
      for (let band = 0; block !== void 0 && band < bands; band++) {
        let key = 0;
        for (let bin = band * bandBins; bin < (band + 1) * bandBins; bin++) {
          key = key << 8 | (minima[bin] ?? 0) & 255;
        }
        block[start + band] = key;
      }
      rows++;
    },
    join(groups, considered) {
      let joins = 0;
      const slots = new Int32Array(1 << Math.ceil(Math.log2(2 * rows + 2)));
      const mask = slots.length - 1;
      const previous = new Int32Array(rows);
      for (let band = 0; band < bands; band++) {
        slots.fill(-1);
        for (let row = 0; row < rows; row++) {
          if (!considered(row)) continue;
          const key = bandKey(row, band);
          let slot = mixBits(key) & mask;
          let last = slots[slot] ?? -1;
          while (last !== -1 && bandKey(last, band) !== key) {
            slot = slot + 1 & mask;
            last = slots[slot] ?? -1;
          }
          previous[row] = last;
          slots[slot] = row;
          for (let step = 0; last !== -1 && step < mostComparisons; step++) {
            if (groups.find(row) !== groups.find(last) && similar(row, last)) {
              groups.join(row, last);
              joins++;
            }
            last = previous[last] ?? -1;
          }
        }
      }
      return joins;
    }
  };
}
function sign(text, minima) {
  const empty = 4294967295;
  minima.fill(empty);
  const length = Math.min(text.length, longestText);
  const drop = power(31, pieceLength);
  let rolling = 0;
  for (let index = 0; index < length; index++) {
    rolling = Math.imul(rolling, 31) + unitAt(text, index) | 0;
    if (index >= pieceLength) rolling = rolling - Math.imul(unitAt(text, index - pieceLength), drop) | 0;
    if (index < pieceLength - 1 && index < length - 1) continue;
    const hash = mixBits(rolling) >>> 0;
    const bin = hash >>> 26;
    const value = hash & 67108863;
    if (value < (minima[bin] ?? empty)) minima[bin] = value;
  }
  const full = minima.findIndex((value) => value !== empty);
  if (full === -1) return;
  let source = full;
  let distance = 0;
  for (let step = 0; step < bins; step++) {
    const bin = (full - step + bins) % bins;
    if (minima[bin] !== empty) {
      source = bin;
      distance = 0;
      continue;
    }
    distance++;
    minima[bin] = mixBits((minima[source] ?? 0) + Math.imul(distance, 2654435761)) & 67108863;
  }
}
function unitAt(text, index) {
  const unit = text.charCodeAt(index);
  return unit >= 48 && unit <= 57 ? 48 : unit;
}
function power(base, exponent) {
  let result = 1;
  for (let step = 0; step < exponent; step++) result = Math.imul(result, base);
  return result;
}

// src/data/number-list.ts
var NumberList = class {
  #values = new Int32Array(1024);
  #length = 0;
  get length() {
    return this.#length;
  }
  push(value) {
    if (this.#length === this.#values.length) {
      const larger = new Int32Array(Math.ceil(this.#length * 1.5));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }
  /** The value at an index below `length`. */
  at(index) {
    return this.#values[index] ?? 0;
  }
  set(index, value) {
    this.#values[index] = value;
  }
  /** The values so far, not copied; valid until the next push. */
  values() {
    return this.#values.subarray(0, this.#length);
  }
};

// src/data/row-census.ts
var mostRowsForNearDuplicates = 2e6;
var RowCensus = class {
  /** Index of the label in order of appearance, -1 for none. */
  labels = new NumberList();
  /** Length of the text and its pair, in characters (UTF-16 code units). */
  lengths = new NumberList();
  /** The first row with an equal text, or -1. */
  duplicateOf = new NumberList();
  /** The first row of the same group; empty without groups. */
  groupOf = new NumberList();
  /** Index of the split in `splitNames`; empty unless splits are known. */
  splits = new NumberList();
  /** Rows by label, in order of appearance. */
  labelCounts = [];
  options;
  /** Undefined when it is turned off, or when there are too many rows. */
  nearDuplicates;
  #texts = new FirstRows();
  #groups = new FirstRows();
  #ids = new FirstRows();
  constructor(options) {
    this.options = options;
    if (options.nearDuplicates !== false)
      this.nearDuplicates = createNearDuplicateFinder(options.nearDuplicates);
  }
  get size() {
    return this.labels.length;
  }
  /** Counts a row. Throws a UserError when its id was there before. */
  add({ example, label, split, file }) {
    const row = this.size;
    const pair = example.textPair;
    if (example.id !== void 0 && this.#ids.findOrAdd(hashText(example.id), row) !== -1) {
      throw new UserError({
        code: "data/repeated-id",
        message: `Row ${example.row} has an id that an earlier row has`,
        found: `"${example.id}"`,
        expected: "a different id in every row of all splits",
        file,
        help: "Name another column with id, or leave it out: rows are then numbered."
      });
    }
    const text = normalizeForComparison(example.text);
    const normalized = pair === void 0 ? text : `${text}\0${normalizeForComparison(pair)}`;
    this.duplicateOf.push(this.#texts.findOrAdd(hashText(normalized), row));
    this.labels.push(label);
    if (label >= 0) this.labelCounts[label] = (this.labelCounts[label] ?? 0) + 1;
    this.lengths.push(example.text.length + (pair?.length ?? 0));
    if (split !== void 0) this.splits.push(splitNames.indexOf(split));
    if (example.group !== void 0) {
      const first2 = this.#groups.findOrAdd(hashText(example.group), row);
      this.groupOf.push(first2 === -1 ? row : first2);
    }
    if (row >= mostRowsForNearDuplicates) this.nearDuplicates = void 0;
    this.nearDuplicates?.add(normalized);
  }
};

// src/data/row-groups.ts
var RowGroups = class {
  #parents;
  constructor(size) {
    this.#parents = new Int32Array(size);
    for (let row = 0; row < size; row++) this.#parents[row] = row;
  }
  /** The smallest row of the group that the row is in. */
  find(row) {
    const parents = this.#parents;
    let current = row;
    for (let parent = parents[current] ?? current; parent !== current; parent = parents[current] ?? current) {
      const grandparent = parents[parent] ?? parent;
      parents[current] = grandparent;
      current = grandparent;
    }
    return current;
  }
  /** Joins the groups of two rows. */
  join(first2, second2) {
    const one = this.find(first2);
    const other = this.find(second2);
    this.#parents[Math.max(one, other)] = Math.min(one, other);
  }
};

// src/data/splitting.ts
var noSplit = 255;
function splitRows(rows, ratios, random) {
  const names = splitNames.filter((name) => (ratios[name] ?? 0) > 0);
  const codes = names.map((name) => splitNames.indexOf(name));
  const shares = names.map((name) => ratios[name] ?? 0);
  const assignment = new Uint8Array(rows.size).fill(noSplit);
  const { groups, singles, labelSizes } = collect(rows);
  const lacking = /* @__PURE__ */ new Map();
  const carried = shares.map(() => 0);
  for (const [label, size] of [...labelSizes].sort(([first2], [second2]) => first2 - second2)) {
    lacking.set(label, apportion(size, shares, carried));
  }
  const lack = (label) => lacking.get(label) ?? [];
  const units = random.fork("groups").shuffle([...groups.values()]);
  units.sort((first2, second2) => second2.length - first2.length);
  for (const unit of units) {
    const counts = /* @__PURE__ */ new Map();
    for (const row of unit) counts.set(rows.label(row), (counts.get(rows.label(row)) ?? 0) + 1);
    let best = 0;
    let bestFit = Number.NEGATIVE_INFINITY;
    for (let split = 0; split < names.length; split++) {
      let fit = 0;
      for (const [label, count] of counts) {
        const open = lack(label)[split] ?? 0;
        const whole = (labelSizes.get(label) ?? 1) * (shares[split] ?? 1);
        fit += count * (open - Math.max(0, count - open) * 4) / whole;
      }
      if (fit > bestFit) {
        bestFit = fit;
        best = split;
      }
    }
    for (const [label, count] of counts) {
      const open = lack(label);
      open[best] = (open[best] ?? 0) - count;
    }
    for (const row of unit) assignment[row] = codes[best] ?? noSplit;
  }
  for (const label of [...singles.keys()].sort((first2, second2) => first2 - second2)) {
    const members = random.fork(`label ${label}`).shuffle(singles.get(label) ?? []);
    const open = lack(label).map((count) => Math.max(0, count));
    const quotas = apportion(members.length, open.some((count) => count > 0) ? open : shares);
    let from = 0;
    for (const [split, quota] of quotas.entries()) {
      for (const row of members.slice(from, from + quota)) assignment[row] = codes[split] ?? noSplit;
      from += quota;
    }
  }
  return assignment;
}
function sampleRows(rows, label, count, random) {
  const byLabel = /* @__PURE__ */ new Map();
  let total = 0;
  for (const row of rows) {
    total++;
    const members = byLabel.get(label(row));
    if (members === void 0) byLabel.set(label(row), [row]);
    else members.push(row);
  }
  const labels = [...byLabel.keys()].sort((first2, second2) => first2 - second2);
  const quotas = apportion(
    Math.min(count, total),
    labels.map((name) => byLabel.get(name)?.length ?? 0)
  );
  const chosen = [];
  for (const [index, name] of labels.entries()) {
    const members = random.fork(`label ${name}`).shuffle(byLabel.get(name) ?? []);
    for (const row of members.slice(0, quotas[index])) chosen.push(row);
  }
  return chosen.sort((first2, second2) => first2 - second2);
}
function apportion(total, shares, carried) {
  const sum = shares.reduce((result, share) => result + share, 0);
  if (sum <= 0) return shares.map(() => 0);
  const exact = shares.map((share, index) => total * share / sum + (carried?.[index] ?? 0));
  const quotas = exact.map((value) => Math.max(0, Math.floor(value + 1e-9)));
  let left = total - quotas.reduce((result, quota) => result + quota, 0);
  const order = exact.map((value, index) => ({ index, remainder: value - (quotas[index] ?? 0) })).sort((first2, second2) => second2.remainder - first2.remainder || first2.index - second2.index);
  for (const { index } of order) {
    if (left <= 0) break;
    quotas[index] = (quotas[index] ?? 0) + 1;
    left--;
  }
  for (const { index } of order.reverse()) {
    for (; left < 0 && (quotas[index] ?? 0) > 0; left++) quotas[index] = (quotas[index] ?? 0) - 1;
  }
  if (carried !== void 0) {
    for (const [index, value] of exact.entries()) carried[index] = value - (quotas[index] ?? 0);
  }
  return quotas;
}
function collect(rows) {
  const groupSizes = new Int32Array(rows.size);
  for (const row of rows.rows) {
    const group = rows.group(row);
    groupSizes[group] = (groupSizes[group] ?? 0) + 1;
  }
  const groups = /* @__PURE__ */ new Map();
  const singles = /* @__PURE__ */ new Map();
  const labelSizes = /* @__PURE__ */ new Map();
  for (const row of rows.rows) {
    const label = rows.label(row);
    labelSizes.set(label, (labelSizes.get(label) ?? 0) + 1);
    const group = rows.group(row);
    const isSingle = groupSizes[group] === 1;
    const target = isSingle ? singles : groups;
    const key = isSingle ? label : group;
    const list = target.get(key);
    if (list === void 0) target.set(key, [row]);
    else list.push(row);
  }
  return { groups, singles, labelSizes };
}

// src/data/statistics.ts
function lengthSummary(lengths) {
  lengths.sort();
  const quantile = (share) => lengths[Math.max(0, Math.ceil(share * lengths.length) - 1)] ?? 0;
  let sum = 0;
  for (const length of lengths) sum += length;
  const mean = lengths.length === 0 ? 0 : Math.round(sum / lengths.length * 100) / 100;
  return {
    mean,
    median: quantile(0.5),
    p90: quantile(0.9),
    p95: quantile(0.95),
    p99: quantile(0.99),
    max: quantile(1)
  };
}

// src/data/place-rows.ts
function placeRows(census, options) {
  const { size } = census;
  const removal = findDuplicates(census, options.duplicates ?? "remove");
  const taken = new Uint8Array(size).fill(1);
  for (let row = 0; row < size; row++) if (removal.removed[row] === 1) taken[row] = 0;
  draw(census, taken, options);
  const groups = new RowGroups(size);
  let nearDuplicates = 0;
  if (census.nearDuplicates !== void 0) {
    nearDuplicates = census.nearDuplicates.join(groups, (row) => taken[row] === 1);
  } else if (census.options.nearDuplicates !== false) {
    options.log?.warning(
      `near-duplicates were not looked for: more than ${mostRowsForNearDuplicates.toLocaleString("en")} rows`
    );
  }
  const { knownSplits } = census.options;
  const splits = knownSplits ? givenSplits(census, taken) : dealtSplits(census, taken, groups, options);
  const straddling = knownSplits ? countStraddling(splits, groups) : 0;
  if (removal.conflicting > 0) {
    options.log?.warning(
      `${removal.conflicting} texts occur with different labels; ${options.duplicates === "keep" ? "all were kept" : "the first occurrence was kept"}`
    );
  }
  if (straddling > 0) {
    options.log?.warning(`${straddling} rows are almost equal to rows of another given split`);
  }
  const existing = splitNames.filter(
    (name) => knownSplits ? options.given.includes(name) : (options.ratios[name] ?? 0) > 0
  );
  const lengths = {};
  const labelCounts = [];
  for (const name of existing) {
    const code = splitNames.indexOf(name);
    const members = [];
    for (let row = 0; row < size; row++) {
      if (splits[row] !== code) continue;
      members.push(census.lengths.at(row));
      const label = census.labels.at(row);
      if (label >= 0) labelCounts[label] = (labelCounts[label] ?? 0) + 1;
    }
    if (members.length === 0) throw emptySplit(name, size);
    lengths[name] = lengthSummary(Int32Array.from(members));
  }
  return {
    splits,
    existing,
    labelCounts,
    statistics: {
      duplicates_removed: removal.count,
      duplicates_with_conflicting_labels: removal.conflicting,
      near_duplicates_joined: nearDuplicates,
      ...knownSplits ? { near_duplicates_across_given_splits: straddling } : {},
      characters: lengths
    }
  };
}
function findDuplicates(census, policy) {
  const { size } = census;
  const removed = new Uint8Array(size);
  const conflicts = /* @__PURE__ */ new Set();
  const stays = /* @__PURE__ */ new Map();
  let count = 0;
  for (let row = 0; row < size; row++) {
    const first2 = census.duplicateOf.at(row);
    if (first2 === -1) continue;
    if (census.labels.at(first2) !== census.labels.at(row)) conflicts.add(first2);
    if (policy === "keep") continue;
    count++;
    const current = stays.get(first2) ?? first2;
    const isBetter = census.options.knownSplits && census.splits.at(row) > census.splits.at(current);
    removed[isBetter ? current : row] = 1;
    stays.set(first2, isBetter ? row : current);
  }
  return { removed, count, conflicting: conflicts.size };
}
function draw(census, taken, options) {
  const { limit, sample } = options;
  if (limit === void 0 && sample === void 0) return;
  const label = (row) => census.labels.at(row);
  const splitOf = (row) => census.options.knownSplits ? census.splits.at(row) : 0;
  for (const [code] of splitNames.entries()) {
    const candidates = [];
    for (let row = 0; row < census.size; row++)
      if (taken[row] === 1 && splitOf(row) === code) candidates.push(row);
    const count = Math.min(limit ?? candidates.length, Math.ceil((sample ?? 1) * candidates.length));
    for (const row of candidates) taken[row] = 0;
    for (const row of sampleRows(candidates, label, count, options.random.fork(`sample ${code}`)))
      taken[row] = 1;
  }
}
function givenSplits(census, taken) {
  const splits = new Uint8Array(census.size);
  for (let row = 0; row < census.size; row++)
    splits[row] = taken[row] === 1 ? census.splits.at(row) : noSplit;
  return splits;
}
function dealtSplits(census, taken, groups, options) {
  const rows = function* () {
    for (let row = 0; row < census.size; row++) if (taken[row] === 1) yield row;
  };
  for (const row of rows()) {
    if (census.options.grouped) groups.join(row, census.groupOf.at(row));
    const first2 = census.duplicateOf.at(row);
    if (first2 !== -1) groups.join(row, first2);
  }
  return splitRows(
    {
      size: census.size,
      rows: { [Symbol.iterator]: rows },
      label: (row) => census.labels.at(row),
      group: (row) => groups.find(row)
    },
    options.ratios,
    options.random.fork("split")
  );
}
function countStraddling(splits, groups) {
  const splitOfGroup = /* @__PURE__ */ new Map();
  const mixed = /* @__PURE__ */ new Set();
  for (const [row, split] of splits.entries()) {
    if (split === noSplit) continue;
    const group = groups.find(row);
    const known = splitOfGroup.get(group);
    if (known === void 0) splitOfGroup.set(group, split);
    else if (known !== split) mixed.add(group);
  }
  let count = 0;
  for (const [row, split] of splits.entries()) if (split !== noSplit && mixed.has(groups.find(row))) count++;
  return count;
}
function emptySplit(name, rows) {
  return new UserError({
    code: "data/empty-split",
    message: `No row is left for the split "${name}"`,
    found: `${rows} rows in all, before duplicates were removed and rows were drawn`,
    help: "Give it a larger share, raise limit, or leave the split out. Groups and near-duplicates are never divided."
  });
}

// src/data/read-source.ts
import { stat } from "node:fs/promises";
import { extname } from "node:path";

// src/data/text-decoding.ts
import { isUtf8 } from "node:buffer";
import { createReadStream as createReadStream2 } from "node:fs";
import { TextDecoder } from "node:util";
var chunkSize = 1 << 18;
async function* readText(file, encoding = "utf-8") {
  let decoder;
  try {
    const chunks = createReadStream2(file, { highWaterMark: chunkSize });
    for await (const chunk of chunks) {
      decoder ??= chooseDecoder(chunk, encoding);
      const text = decoder.decode(chunk);
      if (text !== "") yield text;
    }
  } catch (error) {
    throw explainFileError(file, error);
  }
  const rest = decoder?.end() ?? "";
  if (rest !== "") yield rest;
}
function decodeText(bytes, encoding = "utf-8") {
  const decoder = chooseDecoder(bytes, encoding);
  return decoder.decode(bytes) + decoder.end();
}
function invalidByte(text) {
  const match = escapedByte.exec(text);
  return match === null ? void 0 : { byte: match[0].charCodeAt(0) - escapeBase, index: match.index };
}
function invalidByteProblem(text) {
  const invalid = invalidByte(text);
  if (invalid === void 0) return void 0;
  const hex = invalid.byte.toString(16).toUpperCase().padStart(2, "0");
  const before = text.slice(Math.max(0, invalid.index - 30), invalid.index);
  return {
    message: `the byte 0x${hex} is not valid UTF-8`,
    found: `0x${hex} after "${excerpt(before)}"`,
    expected: "UTF-8",
    help: "Set encoding (windows-1252 is the most likely one for Western text), or convert the file to UTF-8."
  };
}
function explainFileError(file, error) {
  const code = error instanceof Error && "code" in error ? error.code : void 0;
  const messages = {
    ENOENT: "There is no such file",
    EACCES: "This file may not be read",
    EISDIR: "This is a folder, not a file",
    ENOTDIR: "A part of this path is no folder"
  };
  const message = typeof code === "string" ? messages[code] : void 0;
  return message === void 0 ? error : new UserError({ code: "data/file", message, file }, { cause: error });
}
function decodeWindows1252(bytes) {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return text.replaceAll(/[\x80-\x9f]/g, (char) => windows1252.charAt(char.charCodeAt(0) - 128));
}
var windows1252 = "\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178";
var escapeBase = 56320;
var escapedByte = /(?<![\uD800-\uDBFF])[\uDC80-\uDCFF]/;
function chooseDecoder(start, encoding) {
  const name = encoding.toLowerCase();
  const isDefault = name === "utf-8" || name === "utf8";
  if (isDefault && start[0] === 255 && start[1] === 254) return labelDecoder("utf-16le");
  if (isDefault && start[0] === 254 && start[1] === 255) return labelDecoder("utf-16be");
  if (isDefault) return utf8Decoder();
  if (name === "latin1" || name === "iso-8859-1") {
    return { decode: (chunk) => chunk.toString("latin1"), end: () => "" };
  }
  return labelDecoder(encoding);
}
function labelDecoder(label) {
  let decoder;
  try {
    decoder = new TextDecoder(label);
  } catch (error) {
    throw new UserError(
      {
        code: "data/encoding",
        message: `roux knows no encoding "${label}"`,
        expected: "utf-8, utf-16le, latin1, windows-1252 or another label of the WHATWG Encoding Standard"
      },
      { cause: error }
    );
  }
  if (decoder.encoding === "windows-1252") return { decode: decodeWindows1252, end: () => "" };
  return { decode: (chunk) => decoder.decode(chunk, { stream: true }), end: () => decoder.decode() };
}
function utf8Decoder() {
  let held = Buffer.alloc(0);
  let isStart = true;
  const convert = (bytes) => {
    let text = isUtf8(bytes) ? bytes.toString("utf8") : decodeEscaping(bytes);
    if (isStart && bytes.length > 0) {
      isStart = false;
      if (text.charCodeAt(0) === 65279) text = text.slice(1);
    }
    return text;
  };
  return {
    decode(chunk) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const end = completeLength(bytes);
      held = Buffer.from(bytes.subarray(end));
      return convert(bytes.subarray(0, end));
    },
    end: () => convert(held)
  };
}
function completeLength(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 128) break;
    if (byte >= 192) {
      const size = byte >= 240 ? 4 : byte >= 224 ? 3 : 2;
      return size > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}
function decodeEscaping(bytes) {
  let text = "";
  let valid = 0;
  for (let index = 0; index < bytes.length; ) {
    const size = sequenceLength(bytes, index);
    if (size > 0) {
      index += size;
      continue;
    }
    text += bytes.toString("utf8", valid, index) + String.fromCharCode(escapeBase + (bytes[index] ?? 0));
    index++;
    valid = index;
  }
  return text + bytes.toString("utf8", valid);
}
function sequenceLength(bytes, index) {
  const first2 = bytes[index] ?? 0;
  if (first2 < 128) return 1;
  const size = first2 >= 240 ? 4 : first2 >= 224 ? 3 : 2;
  return first2 >= 194 && first2 <= 244 && isUtf8(bytes.subarray(index, index + size)) ? size : 0;
}

// src/data/delimited.ts
var longestField = 1 << 24;
async function* readDelimited(pieces, options) {
  const { file } = options;
  let names = options.columns;
  let headerIsDue = options.header;
  let row = 0;
  for await (const record of splitRecords(pieces, options)) {
    const { fields, line } = record;
    if (fields.length === 1 && fields[0] === "" && record.problem === void 0) continue;
    if (headerIsDue) {
      headerIsDue = false;
      if (record.problem !== void 0) throw headerError(record.problem, file, line);
      names ??= checkHeader(fields, file, line);
      continue;
    }
    row++;
    if (record.problem !== void 0) {
      yield brokenRow(file, { row, line }, record.problem);
      continue;
    }
    names ??= fields.map((_, index) => String(index + 1));
    const problem = fields.length === names.length ? invalidByteProblem(fields.join(" ")) : {
      message: `it has ${fields.length} fields where ${names.length} are expected`,
      found: excerpt(fields.join(options.delimiter === "	" ? " \u21E5 " : ` ${options.delimiter} `)),
      expected: names.join(", "),
      help: fieldCountHelp(options)
    };
    if (problem !== void 0) {
      yield brokenRow(file, { row, line }, problem);
      continue;
    }
    const values = Object.fromEntries(names.map((name, index) => [name, fields[index] ?? ""]));
    yield { kind: "row", row, line, values };
  }
}
var quote = 34;
var lineFeed = 10;
var carriageReturn = 13;
async function* splitRecords(pieces, options) {
  const delimiter = options.delimiter.charCodeAt(0);
  let state = "start";
  let fields = [];
  let field = "";
  let line = 1;
  let recordLine = 1;
  let quoteLine = 1;
  let problem;
  let afterReturn = false;
  const endRecord = () => {
    fields.push(field);
    const record = { fields, line: recordLine, ...problem === void 0 ? {} : { problem } };
    fields = [];
    field = "";
    problem = void 0;
    state = "start";
    return record;
  };
  for await (const text of pieces) {
    let index = 0;
    if (afterReturn && text.charCodeAt(0) === lineFeed) index = 1;
    afterReturn = false;
    while (index < text.length) {
      if (state === "quoted") {
        const end = text.indexOf('"', index);
        const part = text.slice(index, end === -1 ? text.length : end);
        line += countLines(part);
        field += part;
        if (field.length > longestField) throw unclosedQuote(options.file, quoteLine);
        if (end === -1) break;
        index = end + 1;
        state = "closed";
        continue;
      }
      const code = text.charCodeAt(index);
      if (code === lineFeed || code === carriageReturn) {
        index++;
        if (code === carriageReturn) {
          if (index === text.length) afterReturn = true;
          else if (text.charCodeAt(index) === lineFeed) index++;
        }
        yield endRecord();
        line++;
        recordLine = line;
        continue;
      }
      if (state === "lost") {
        index++;
        continue;
      }
      if (code === delimiter) {
        fields.push(field);
        field = "";
        state = "start";
        index++;
        continue;
      }
      if (code === quote && options.quotes && state === "start") {
        state = "quoted";
        quoteLine = line;
        index++;
        continue;
      }
      if (state === "closed") {
        if (code === quote) {
          field += '"';
          state = "quoted";
        } else {
          problem = {
            message: "there is text after the closing quote of a field",
            found: excerpt(`"${field}"${text.slice(index, index + 20)}`),
            help: 'Double a quote that belongs to a quoted field (""), or set quotes: false.'
          };
          state = "lost";
        }
        index++;
        continue;
      }
      const start = index;
      for (index++; index < text.length; index++) {
        const next = text.charCodeAt(index);
        if (next === delimiter || next === lineFeed || next === carriageReturn) break;
      }
      field += text.slice(start, index);
      state = "plain";
    }
  }
  if (state === "quoted") throw unclosedQuote(options.file, quoteLine);
  if (state !== "start" || field !== "" || fields.length > 0) yield endRecord();
}
function countLines(text) {
  let count = 0;
  for (let index = text.indexOf("\n"); index !== -1; index = text.indexOf("\n", index + 1)) count++;
  return count;
}
function checkHeader(fields, file, line) {
  const problem = invalidByteProblem(fields.join(" "));
  if (problem !== void 0) throw headerError(problem, file, line);
  const names = fields.map((name) => name.trim());
  const repeated = names.find((name, index) => name !== "" && names.indexOf(name) !== index);
  if (repeated !== void 0) {
    throw headerError(
      { message: `the column "${repeated}" stands there twice`, found: names.join(", ") },
      file,
      line
    );
  }
  return names.map((name, index) => name === "" ? String(index + 1) : name);
}
function headerError(problem, file, line) {
  return new UserError({
    code: "data/header",
    ...problem,
    message: `The header is broken: ${problem.message}`,
    file,
    line
  });
}
function unclosedQuote(file, line) {
  return new UserError({
    code: "data/unclosed-quote",
    message: "A quote is opened here and never closed",
    file,
    line,
    help: 'Close it, double it if it belongs to the text (""), or set quotes: false if quotes have no meaning in this file.'
  });
}
function fieldCountHelp(options) {
  const quoting = options.quotes ? `Quote fields that contain ${options.delimiter === "	" ? "tabs" : `"${options.delimiter}"`} or line breaks` : "If fields stand in double quotes, set quotes: true";
  return `${quoting}; to leave such rows out, set broken_rows: skip.`;
}

// src/data/json.ts
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/data/text-lines.ts
var longestLine = 1 << 27;
async function* readTextLines(pieces, options) {
  const { file } = options;
  let row = 0;
  for await (const { text, line } of splitLines(pieces, file)) {
    if (text.trim() === "") continue;
    row++;
    const problem = invalidByteProblem(text);
    if (problem !== void 0) yield brokenRow(file, { row, line }, problem);
    else yield { kind: "row", row, line, values: { text } };
  }
}
async function* splitLines(pieces, file) {
  let line = 0;
  let open = [];
  let openLength = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf("\n"); end !== -1; end = piece.indexOf("\n", start)) {
      open.push(piece.slice(start, end));
      line++;
      yield { text: withoutReturn(open.length === 1 ? open[0] ?? "" : open.join("")), line };
      open = [];
      openLength = 0;
      start = end + 1;
    }
    if (start < piece.length) {
      open.push(piece.slice(start));
      openLength += piece.length - start;
      if (openLength > longestLine) {
        throw new UserError({
          code: "data/line-too-long",
          message: `A line is longer than ${longestLine >> 20} million characters`,
          file,
          line: line + 1,
          help: "Is this a file of another format? Name it with format."
        });
      }
    }
  }
  if (open.length > 0) yield { text: withoutReturn(open.join("")), line: line + 1 };
}
function withoutReturn(text) {
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

// src/data/json-lines.ts
async function* readJsonLines(pieces, options) {
  const { file } = options;
  let row = 0;
  for await (const { text, line } of splitLines(pieces, file)) {
    if (text.trim() === "") continue;
    row++;
    const problem = invalidByteProblem(text);
    if (problem !== void 0) {
      yield brokenRow(file, { row, line }, problem);
      continue;
    }
    let value;
    try {
      value = JSON.parse(text);
    } catch (error) {
      if (row === 1 && text.trimStart().startsWith("[")) throw arrayFile(file);
      yield brokenRow(
        file,
        { row, line },
        {
          message: "it is not valid JSON",
          found: `${excerpt(text)} (${error instanceof Error ? error.message : String(error)})`,
          expected: "one JSON object a line"
        }
      );
      continue;
    }
    if (!isRecord(value)) {
      if (row === 1 && Array.isArray(value)) throw arrayFile(file);
      yield brokenRow(
        file,
        { row, line },
        {
          message: "it is no JSON object",
          found: excerpt(text),
          expected: 'one JSON object a line, like {"text": "...", "label": "..."}'
        }
      );
      continue;
    }
    const values = Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, toSourceValue(item)])
    );
    yield { kind: "row", row, line, values };
  }
}
function toSourceValue(value) {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    case "bigint":
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
    default:
      if (value === null || value === void 0) return null;
      if (value instanceof Date) return value.toISOString();
      return JSON.stringify(value, (_, item) => typeof item === "bigint" ? item.toString() : item);
  }
}
function arrayFile(file) {
  return new UserError({
    code: "data/json-array",
    message: "This file holds one JSON array, not JSON Lines",
    file,
    line: 1,
    expected: "one JSON object a line",
    help: "Convert it, for example with: jq -c '.[]' FILE > FILE.jsonl"
  });
}

// src/data/parquet.ts
var blockRows = 8192;
async function* readParquet(file, options = {}) {
  const [{ asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([import("hyparquet"), import("hyparquet-compressors")]);
  let buffer;
  try {
    buffer = await asyncBufferFromFile(file);
  } catch (error) {
    throw explainFileError(file, error);
  }
  try {
    const metadata = await parquetMetadataAsync(buffer);
    const existing = parquetSchema(metadata).children.map((child) => child.element.name);
    const columns = options.columns === void 0 ? existing : existing.filter((name) => options.columns?.includes(name));
    let row = 0;
    let groupStart = 0;
    for (const group of metadata.row_groups) {
      const groupEnd = groupStart + Number(group.num_rows);
      const hasIndex = group.columns.every((column) => column.offset_index_offset !== void 0);
      const step = hasIndex ? blockRows : groupEnd - groupStart;
      for (let rowStart = groupStart; rowStart < groupEnd; rowStart += step) {
        const rowEnd = Math.min(groupEnd, rowStart + step);
        const useOffsetIndex = hasIndex;
        const objects = await parquetReadObjects({
          file: buffer,
          metadata,
          columns,
          rowStart,
          rowEnd,
          compressors,
          useOffsetIndex,
          // Days have no time of day.
          parsers: { dateFromDays: (days) => new Date(days * 864e5).toISOString().slice(0, 10) }
        });
        for (const object of objects) {
          row++;
          const values = Object.fromEntries(columns.map((name) => [name, toSourceValue(object[name])]));
          yield { kind: "row", row, values };
        }
      }
      groupStart = groupEnd;
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      {
        code: "data/parquet",
        message: "This Parquet file cannot be read",
        found: error instanceof Error ? error.message : String(error),
        file
      },
      { cause: error }
    );
  }
}

// src/data/text-folder.ts
import { readdir, readFile } from "node:fs/promises";
import { join as join2 } from "node:path";

// src/data/email.ts
import { TextDecoder as TextDecoder2 } from "node:util";

// src/data/html-text.ts
function htmlToText(html) {
  return decodeReferences(removeTags(html)).replaceAll(/[^\S\n]+/g, " ").replaceAll(/ ?\n ?/g, "\n").replaceAll(/\n{3,}/g, "\n\n").trim();
}
var hiddenElements = /* @__PURE__ */ new Set(["script", "style", "title", "noscript", "template", "textarea", "select"]);
var lineElements = new Set(
  "address article blockquote br center dd div dl dt fieldset form h1 h2 h3 h4 h5 h6 header footer hr li ol p pre section table tbody td th tr ul".split(
    " "
  )
);
function removeTags(html) {
  let text = "";
  let index = 0;
  while (index < html.length) {
    const open = html.indexOf("<", index);
    if (open === -1) return text + spaced(html.slice(index));
    text += spaced(html.slice(index, open));
    if (html.startsWith("<!--", open)) {
      const end = html.indexOf("-->", open + 4);
      index = end === -1 ? html.length : end + 3;
      continue;
    }
    const tag = /^<(\/?)([a-zA-Z][a-zA-Z0-9:-]*)|^<[!?/]/.exec(html.slice(open, open + 40));
    if (tag === null) {
      text += "<";
      index = open + 1;
      continue;
    }
    const close = tagEnd(html, open + 1);
    index = close;
    const name = (tag[2] ?? "").toLowerCase();
    if (lineElements.has(name)) text += name === "td" || name === "th" ? " " : "\n";
    if (tag[1] === "" && hiddenElements.has(name)) index = hiddenEnd(html, close, name);
  }
  return text;
}
function spaced(source) {
  return source.replaceAll(/\s+/g, " ");
}
function tagEnd(html, from) {
  let quote2 = "";
  for (let index = from; index < html.length; index++) {
    const char = html.charAt(index);
    if (quote2 !== "") {
      if (char === quote2) quote2 = "";
    } else if (char === ">") return index + 1;
    else if ((char === '"' || char === "'") && html.charAt(index - 1) === "=") quote2 = char;
  }
  const plain = html.indexOf(">", from);
  return plain === -1 ? html.length : plain + 1;
}
function hiddenEnd(html, from, name) {
  const pattern = new RegExp(`</${name}\\s*>`, "gi");
  pattern.lastIndex = from;
  const match = pattern.exec(html);
  return match === null ? from : match.index + match[0].length;
}
var namedReferences = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  copy: "\xA9",
  reg: "\xAE",
  trade: "\u2122",
  bull: "\u2022",
  middot: "\xB7",
  hellip: "\u2026",
  ndash: "\u2013",
  mdash: "\u2014",
  lsquo: "\u2018",
  rsquo: "\u2019",
  ldquo: "\u201C",
  rdquo: "\u201D",
  laquo: "\xAB",
  raquo: "\xBB",
  euro: "\u20AC",
  pound: "\xA3",
  yen: "\xA5",
  cent: "\xA2",
  sect: "\xA7",
  deg: "\xB0",
  times: "\xD7",
  frac12: "\xBD",
  iexcl: "\xA1",
  iquest: "\xBF",
  szlig: "\xDF",
  agrave: "\xE0",
  aacute: "\xE1",
  acirc: "\xE2",
  atilde: "\xE3",
  auml: "\xE4",
  aring: "\xE5",
  aelig: "\xE6",
  ccedil: "\xE7",
  egrave: "\xE8",
  eacute: "\xE9",
  ecirc: "\xEA",
  euml: "\xEB",
  iacute: "\xED",
  icirc: "\xEE",
  iuml: "\xEF",
  ntilde: "\xF1",
  oacute: "\xF3",
  ocirc: "\xF4",
  otilde: "\xF5",
  ouml: "\xF6",
  oslash: "\xF8",
  uacute: "\xFA",
  ucirc: "\xFB",
  ugrave: "\xF9",
  uuml: "\xFC",
  Auml: "\xC4",
  Ouml: "\xD6",
  Uuml: "\xDC",
  Eacute: "\xC9",
  Aacute: "\xC1",
  Ccedil: "\xC7",
  Ntilde: "\xD1",
  Oslash: "\xD8",
  Aring: "\xC5"
};
function decodeReferences(text) {
  return text.replaceAll(
    /&(?:#[xX]([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-zA-Z][a-zA-Z0-9]{1,9}));?/g,
    (whole, ...groups) => {
      const [hex, decimal, name] = groups;
      if (name !== void 0) return namedReferences[name] ?? namedReferences[name.toLowerCase()] ?? whole;
      const point = hex === void 0 ? Number.parseInt(decimal ?? "", 10) : Number.parseInt(hex, 16);
      return fromReference(point);
    }
  );
}
function fromReference(point) {
  if (point >= 128 && point < 160) return decodeWindows1252(Uint8Array.of(point));
  if (point === 0 || point > 1114111 || point >= 55296 && point < 57344) return "\uFFFD";
  return String.fromCodePoint(point);
}

// src/data/email.ts
var deepestNesting = 20;
function parseEmail(bytes) {
  let message = bytes.toString("latin1").replaceAll("\r\n", "\n");
  if (/^>?From /.test(message)) message = message.slice(message.indexOf("\n") + 1);
  const { headers, body } = splitPart(message);
  return {
    subject: decodeHeader(headers.get("subject") ?? "").trim(),
    body: readableText(headers, body, 0).trim()
  };
}
function splitPart(part) {
  const headers = /* @__PURE__ */ new Map();
  let name = "";
  let index = 0;
  while (index < part.length) {
    const newline = part.indexOf("\n", index);
    const end = newline === -1 ? part.length : newline;
    const line = part.slice(index, end);
    if (line.trim() === "") {
      index = end + 1;
      break;
    }
    if (/^[ \t]/.test(line)) {
      if (name !== "") headers.set(name, `${headers.get(name) ?? ""} ${line.trim()}`);
    } else {
      const match = /^([!-9;-~]+)[ \t]*:(.*)$/.exec(line);
      if (match === null) break;
      const [, rawName = "", value = ""] = match;
      name = rawName.toLowerCase();
      if (headers.has(name)) name = "";
      else headers.set(name, value.trim());
    }
    index = end + 1;
  }
  return { headers, body: part.slice(index) };
}
function readableText(headers, body, depth) {
  const { type, parameters } = contentType(headers.get("content-type"));
  const disposition = headers.get("content-disposition") ?? "";
  if (depth > deepestNesting || /^\s*attachment/i.test(disposition)) return "";
  if (type.startsWith("multipart/"))
    return multipartText(type, parameters.get("boundary") ?? "", body, depth);
  if (type === "message/rfc822") {
    const inner = splitPart(
      decodeBytes(headers, body).toString("latin1").replaceAll("\r\n", "\n").trimStart()
    );
    const subject = decodeHeader(inner.headers.get("subject") ?? "").trim();
    return `${subject}
${readableText(inner.headers, inner.body, depth + 1)}`.trim();
  }
  if (!type.startsWith("text/")) return "";
  const text = decodeCharacters(decodeBytes(headers, body), parameters.get("charset"));
  const isHtml = type === "text/html" || /^\s*(<!doctype html|<html)\b/i.test(text);
  return isHtml ? htmlToText(text) : text;
}
function multipartText(type, boundary, body, depth) {
  const parts = splitMultipart(body, boundary).map(splitPart);
  if (type === "multipart/alternative") {
    const texts = parts.map((part) => ({
      plain: contentType(part.headers.get("content-type")).type === "text/plain",
      text: readableText(part.headers, part.body, depth + 1).trim()
    }));
    const chosen = texts.find(({ plain, text }) => plain && text !== "") ?? texts.findLast(({ text }) => text !== "");
    return chosen?.text ?? "";
  }
  const shown = type === "multipart/signed" || type === "multipart/related" ? parts.slice(0, 1) : parts;
  return shown.map((part) => readableText(part.headers, part.body, depth + 1).trim()).filter((text) => text !== "").join("\n\n");
}
function splitMultipart(body, boundary) {
  if (boundary === "") return [body];
  const parts = [];
  let part;
  for (const line of body.split("\n")) {
    if (line.startsWith(`--${boundary}`)) {
      const rest = line.slice(boundary.length + 2).trimEnd();
      if (rest === "" || rest === "--") {
        if (part !== void 0) parts.push(part.join("\n"));
        part = rest === "" ? [] : void 0;
        if (rest === "--") break;
        continue;
      }
    }
    part?.push(line);
  }
  if (part !== void 0) parts.push(part.join("\n"));
  return parts.length > 0 ? parts : [body];
}
function contentType(value) {
  const parameters = /* @__PURE__ */ new Map();
  const match = /^\s*([\w.+-]+\/[\w.+-]+)/.exec(value ?? "");
  for (const [, name = "", quoted, plain] of (value ?? "").matchAll(
    /([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s;"]+))/g
  )) {
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted ?? plain ?? "");
  }
  return { type: match?.[1]?.toLowerCase() ?? "text/plain", parameters };
}
function decodeBytes(headers, body) {
  switch ((headers.get("content-transfer-encoding") ?? "").trim().toLowerCase()) {
    case "base64":
      return Buffer.from(body.replaceAll(/[^A-Za-z0-9+/]/g, ""), "base64");
    case "quoted-printable":
      return Buffer.from(decodeQuotedPrintable(body), "latin1");
    default:
      return Buffer.from(body, "latin1");
  }
}
function decodeQuotedPrintable(text) {
  return text.replaceAll(/[ \t]+\n/g, "\n").replaceAll("=\n", "").replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
function decodeCharacters(bytes, charset = "") {
  const name = charset.trim().toLowerCase();
  for (const label of [name === "" || name === "us-ascii" ? "utf-8" : name, "utf-8"]) {
    try {
      const decoder = new TextDecoder2(label, { fatal: true });
      if (decoder.encoding === "windows-1252") break;
      return withoutNulls(decoder.decode(bytes));
    } catch {
    }
  }
  return withoutNulls(decodeWindows1252(bytes));
}
function withoutNulls(text) {
  return text.replaceAll("\0", "");
}
function decodeHeader(value) {
  const joined = value.replaceAll(/(=\?[^?\s]+\?[BbQq]\?[^?]*\?=)\s+(?==\?[^?\s]+\?[BbQq]\?)/g, "$1");
  let text = "";
  let from = 0;
  for (const match of joined.matchAll(/=\?([^?\s]+)\?([BbQq])\?([^?]*)\?=/g)) {
    const [whole, charset = "", encoding = "", content = ""] = match;
    const bytes = encoding.toUpperCase() === "B" ? Buffer.from(content, "base64") : Buffer.from(decodeQuotedPrintable(content.replaceAll("_", " ")), "latin1");
    text += decodeCharacters(Buffer.from(joined.slice(from, match.index), "latin1"), void 0);
    text += decodeCharacters(bytes, charset.split("*")[0]);
    from = match.index + whole.length;
  }
  text += decodeCharacters(Buffer.from(joined.slice(from), "latin1"), void 0);
  return text.replaceAll(/\s+/g, " ");
}

// src/data/text-folder.ts
async function* readTextFolder(folder, options) {
  const files = await listFiles(folder, options);
  if (files.length === 0) {
    throw new UserError({
      code: "data/empty",
      message: "No file of this folder matches",
      file: folder,
      ...options.include === void 0 ? {} : { expected: `a file that matches ${options.include.join(" or ")}` }
    });
  }
  let row = 0;
  for (const file of files) {
    row++;
    const slash = file.indexOf("/");
    const position = { file, folder: slash === -1 ? "" : file.slice(0, slash) };
    let bytes;
    try {
      bytes = await readFile(join2(folder, file));
    } catch (error) {
      throw explainFileError(join2(folder, file), error);
    }
    if (options.content === "email") {
      const { subject, body } = parseEmail(bytes);
      const text2 = subject === "" ? body : body === "" ? subject : `${subject}
${body}`;
      yield { kind: "row", row, values: { text: text2, subject, body, ...position } };
      continue;
    }
    const text = decodeText(bytes, options.encoding);
    const problem = invalidByteProblem(text);
    if (problem === void 0) yield { kind: "row", row, values: { text, ...position } };
    else yield brokenRow(join2(folder, file), { row }, problem);
  }
}
async function listFiles(folder, options) {
  const files = [];
  const visit = async (relative) => {
    let entries;
    try {
      entries = await readEntries(join2(folder, relative));
    } catch (error) {
      throw explainFileError(join2(folder, relative), error);
    }
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) await visit(path);
      else if ((options.include === void 0 || matchesAnyPattern(path, options.include)) && !matchesAnyPattern(path, options.exclude ?? [])) {
        files.push(path);
      }
    }
  };
  await visit("");
  return files.sort((first2, second2) => first2 < second2 ? -1 : 1);
}
function readEntries(path) {
  return readdir(path, { withFileTypes: true });
}

// src/data/read-source.ts
async function formatOf(path) {
  let isFolder;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    throw explainFileError(path, error);
  }
  if (isFolder) return "folder";
  const extension = extname(path).toLowerCase();
  const format = formats[extension];
  if (format !== void 0) return format;
  throw new UserError({
    code: "data/format",
    message: "The format of this file is not clear from its name",
    found: extension === "" ? "no extension" : extension,
    expected: Object.keys(formats).join(", "),
    file: path,
    help: "Name it: format: csv | tsv | jsonl | parquet | lines."
  });
}
var formats = {
  ".csv": "csv",
  ".tsv": "tsv",
  ".tab": "tsv",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".parquet": "parquet",
  ".txt": "lines"
};
async function* readSource(options) {
  const { path: file, format, encoding } = options;
  const isFolder = await pathIsFolder(file);
  if (isFolder !== (format === "folder" || format === "email")) {
    throw new UserError({
      code: "data/format",
      message: isFolder ? `A ${format} source is a file, and this is a folder` : `A ${format} source is a folder, and this is a file`,
      file,
      help: isFolder ? "Name the file, or set format: folder." : "Name the folder, or set the format of the file."
    });
  }
  switch (format) {
    case "csv":
    case "tsv":
      yield* readDelimited(readText(file, encoding), {
        file,
        delimiter: options.delimiter ?? (format === "csv" ? "," : "	"),
        quotes: options.quotes ?? format === "csv",
        header: options.header ?? true,
        ...options.columns === void 0 ? {} : { columns: options.columns }
      });
      return;
    case "jsonl":
      yield* readJsonLines(readText(file, encoding), { file });
      return;
    case "lines":
      yield* readTextLines(readText(file, encoding), { file });
      return;
    case "parquet":
      yield* readParquet(file, options.needed === void 0 ? {} : { columns: options.needed });
      return;
    case "folder":
    case "email":
      yield* readFolder(options);
  }
}
async function* readFolder(options) {
  const side = options.sideFile === void 0 ? void 0 : await readSideFile(options.sideFile, options.encoding);
  const items = readTextFolder(options.path, {
    content: options.format === "email" ? "email" : "text",
    ...options.include === void 0 ? {} : { include: options.include },
    ...options.exclude === void 0 ? {} : { exclude: options.exclude },
    ...options.encoding === void 0 ? {} : { encoding: options.encoding }
  });
  for await (const item of items) {
    if (side === void 0 || item.kind === "broken") {
      yield item;
      continue;
    }
    const file = asText(item.values.file);
    const values = side.get(file);
    if (values !== void 0) yield { ...item, values: { ...values, ...item.values } };
    else {
      yield brokenRow(`${options.path}/${file}`, item, {
        message: "the side file says nothing about it",
        found: `no row with file "${file}" in ${options.sideFile}`,
        help: "Add it there, leave the file out with exclude, or set broken_rows: skip."
      });
    }
  }
}
async function readSideFile(path, encoding) {
  const rows = /* @__PURE__ */ new Map();
  const format = await formatOf(path);
  for await (const item of readSource({ path, format, ...encoding === void 0 ? {} : { encoding } })) {
    if (item.kind === "broken") throw new UserError(item.problem);
    const file = item.values.file;
    if (typeof file !== "string") {
      throw new UserError({
        code: "data/side-file",
        message: 'The side file has no column "file"',
        found: Object.keys(item.values).join(", "),
        expected: 'a column "file" with paths inside the folder, and columns such as "label"',
        file: path
      });
    }
    rows.set(file, item.values);
  }
  return rows;
}
async function pathIsFolder(path) {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw explainFileError(path, error);
  }
}

// src/data/load-dataset.ts
var longestKept = 32e6;
var mostDescribed = 3;
var progressStep = 2e4;
async function loadDataset(folder, options) {
  const labelIndex = createLabelIndex(options.mapping.label === void 0 ? void 0 : options.labels);
  const given = options.sources.map(({ split }) => split).filter((split) => split !== void 0);
  const census = new RowCensus({
    nearDuplicates: options.nearDuplicates ?? 0.8,
    knownSplits: given.length > 0,
    grouped: options.mapping.group !== void 0
  });
  const kept = new KeptRows();
  const columns = /* @__PURE__ */ new Set();
  const reader = new ExampleReader(options);
  for await (const read of reader.read()) {
    const { example, split, file } = read;
    let label = -1;
    if (example.label !== void 0) {
      const index = labelIndex.index(example.label);
      if (index === void 0) {
        reader.reject(unknownLabel(example, file, options.labels));
        continue;
      }
      label = index;
    }
    for (const name of Object.keys(example.columns)) columns.add(name);
    census.add({ example, label, split, file });
    kept.add(read, label);
    if (census.size % progressStep === 0) options.progress?.({ done: census.size, unit: "rows" });
  }
  reader.warn();
  const { names, order } = labelIndex.finish();
  if (census.size === 0) throw emptyDataset(options, reader);
  const nameOf = (label) => names[order[label] ?? label] ?? "";
  checkLabels(census.labelCounts, nameOf, options);
  const placement = placeRows(census, { ...options, given });
  checkLabels(placement.labelCounts, nameOf, options);
  const writer = createDatasetWriter(folder);
  const finalLabel = (label) => label < 0 ? {} : { label: order[label] ?? label };
  const write = (row, { example, idPrefix }, label) => {
    const code = placement.splits[row] ?? noSplit;
    const split = splitNames[code];
    if (code === noSplit || split === void 0) return;
    writer.write(split, {
      id: example.id ?? `${idPrefix}${example.row}`,
      text: example.text,
      ...example.textPair === void 0 ? {} : { textPair: example.textPair },
      ...finalLabel(label),
      columns: example.columns
    });
  };
  try {
    if (kept.complete) for (const [row, { read, label }] of kept.rows.entries()) write(row, read, label);
    else {
      const again = new ExampleReader({ ...options, log: silent });
      let row = 0;
      for await (const read of again.read()) {
        const { label: written } = read.example;
        const label = written === void 0 ? -1 : labelIndex.index(written);
        if (label === void 0) continue;
        write(row, read, label);
        row++;
        if (row % progressStep === 0)
          options.progress?.({ done: row, total: census.size, unit: "rows written" });
      }
      if (row !== census.size) throw changedSource(options);
    }
    return await writer.finish(
      {
        labels: options.mapping.label === void 0 ? null : names,
        columns: [...columns],
        pairs: options.mapping.textPair !== void 0,
        statistics: { ...reader.statistics(), ...placement.statistics }
      },
      placement.existing
    );
  } catch (error) {
    writer.abort();
    throw error;
  }
}
var ExampleReader = class {
  #options;
  #read = 0;
  #broken = 0;
  #filtered = 0;
  #empty = 0;
  constructor(options) {
    this.#options = options;
  }
  async *read() {
    const { sources, mapping, where, signal } = this.#options;
    for (const source of sources) {
      for await (const item of readSource(source)) {
        if (this.#read % 1024 === 0) signal?.throwIfAborted();
        this.#read++;
        if (item.kind === "broken") {
          this.reject(item);
          continue;
        }
        if (where !== void 0 && !fits(item.values, where, source.path)) {
          this.#filtered++;
          continue;
        }
        const example = mapRow(item, mapping, source.path);
        if (example.kind === "broken") this.reject(example);
        else if (example.text.trim() === "") this.#empty++;
        else yield { example, split: source.split, file: source.path, idPrefix: source.idPrefix ?? "" };
      }
    }
  }
  /** Ends the work with the row's problem, or counts it. */
  reject(row) {
    if (this.#options.brokenRows !== "skip") throw new UserError(row.problem);
    this.#broken++;
    if (this.#broken <= mostDescribed) {
      const { file, line, message, found } = row.problem;
      const place = `${file ?? ""}${line === void 0 ? "" : `:${line}`}`;
      this.#options.log?.warning(`${place}: ${message}${found === void 0 ? "" : ` (${found})`}; left out`);
    }
  }
  warn() {
    const { log } = this.#options;
    if (this.#broken > 0) log?.warning(`${this.#broken} of ${this.#read} rows are broken and were left out`);
    if (this.#empty > 0)
      log?.warning(`${this.#empty} of ${this.#read} rows have an empty text and were left out`);
  }
  statistics() {
    return {
      rows_read: this.#read,
      rows_broken: this.#broken,
      rows_filtered_out: this.#filtered,
      rows_empty: this.#empty
    };
  }
};
var KeptRows = class {
  rows = [];
  complete = true;
  #length = 0;
  add(read, label) {
    if (!this.complete) return;
    const { text, textPair = "", columns } = read.example;
    this.#length += text.length + textPair.length + 200;
    for (const value of Object.values(columns)) this.#length += typeof value === "string" ? value.length : 8;
    if (this.#length > longestKept) {
      this.complete = false;
      this.rows = [];
    } else this.rows.push({ read, label });
  }
};
var silent = { info() {
}, warning() {
} };
function fits(values, where, file) {
  return Object.entries(where).every(([name, wanted]) => {
    if (!Object.hasOwn(values, name)) {
      throw new UserError({
        code: "data/no-column",
        message: `There is no column "${name}" to filter by`,
        found: Object.keys(values).join(", "),
        file
      });
    }
    return wanted.some((value) => String(value ?? "") === String(values[name] ?? ""));
  });
}
function unknownLabel(example, file, labels) {
  const names = labels === void 0 ? [] : Array.isArray(labels) ? labels : Object.values(labels).flat();
  return {
    kind: "broken",
    row: example.row,
    problem: {
      code: "data/unknown-label",
      message: `Row ${example.row} has a label that labels does not name`,
      found: `"${example.label}"`,
      expected: names.join(", "),
      file,
      help: "Add it to labels, or choose the rows to take with where."
    }
  };
}
function emptyDataset(options, reader) {
  const counts = Object.entries(reader.statistics()).map(([name, count]) => `${name}: ${count}`);
  return new UserError({
    code: "data/empty",
    message: "The data set is empty",
    found: counts.join(", "),
    expected: "at least one row with a text",
    file: options.sources[0]?.path ?? ""
  });
}
function checkLabels(counts, name, options) {
  if (options.mapping.label === void 0) return;
  const used = counts.flatMap((count, label) => count > 0 ? [label] : []);
  if (used.length > 1) return;
  throw new UserError({
    code: "data/one-class",
    message: "All rows have the same label, so there is nothing to tell apart",
    found: used.map((label) => `"${name(label)}"`).join(", "),
    expected: "rows of at least two labels",
    file: options.sources[0]?.path ?? "",
    help: `Is "${options.mapping.label}" the right column? Leave label out for text without labels.`
  });
}
function changedSource(options) {
  return new UserError({
    code: "data/changed",
    message: "The data changed while it was read",
    file: options.sources[0]?.path ?? "",
    help: "Run again when nothing writes to it any more."
  });
}

// src/data/random.ts
import { createHash } from "node:crypto";
function createRandom(seed) {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed is a whole number, not ${seed}`);
  return startStream(String(seed));
}
function startStream(key) {
  const digest = createHash("sha256").update(`roux random 1/${key}`).digest();
  return new Xoshiro128(key, [
    digest.readUInt32LE(0),
    digest.readUInt32LE(4),
    digest.readUInt32LE(8),
    // The all-zero state is the generator's one fixed point.
    (digest.readUInt32LE(12) | 1) >>> 0
  ]);
}
var Xoshiro128 = class {
  #key;
  #a;
  #b;
  #c;
  #d;
  constructor(key, words) {
    this.#key = key;
    [this.#a, this.#b, this.#c, this.#d] = words;
  }
  next() {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }
  integer(below) {
    if (!Number.isSafeInteger(below) || below < 1) {
      throw new RangeError(`integer(below) needs a whole number from 1 to 2^53 - 1, not ${below}`);
    }
    if (below > 4294967296) return this.#wideInteger(below);
    const limit = 4294967296 - 4294967296 % below;
    for (; ; ) {
      const value = this.#word();
      if (value < limit) return value % below;
    }
  }
  shuffle(items) {
    const array = items;
    for (let last = array.length - 1; last > 0; last--) {
      const chosen = this.integer(last + 1);
      const value = array[last];
      array[last] = array[chosen];
      array[chosen] = value;
    }
    return items;
  }
  normal() {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }
  fork(name) {
    return startStream(`${this.#key}/${name.replaceAll("%", "%25").replaceAll("/", "%2F")}`);
  }
  state() {
    return { key: this.#key, words: [this.#a, this.#b, this.#c, this.#d] };
  }
  #wideInteger(below) {
    const limit = 2 ** 53 - 2 ** 53 % below;
    for (; ; ) {
      const value = (this.#word() >>> 11) * 4294967296 + this.#word();
      if (value < limit) return value % below;
    }
  }
  #word() {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c = (this.#c ^ this.#a) >>> 0;
    this.#d = (this.#d ^ this.#b) >>> 0;
    this.#b = (this.#b ^ this.#c) >>> 0;
    this.#a = (this.#a ^ this.#d) >>> 0;
    this.#c = (this.#c ^ shifted) >>> 0;
    this.#d = rotateLeft(this.#d, 11) >>> 0;
    return result;
  }
};
function rotateLeft(word, bits) {
  return word << bits | word >>> 32 - bits;
}

// bench/load-dataset.ts
var goal = 512;
var [first = "csv", second, third] = process.argv.slice(2);
if (first === "--load") await load(second ?? "", third ?? "");
else await bench(first, Number(second ?? 1e3), Number(third ?? 300));
async function bench(format, megabytes, length) {
  const folder = mkdtempSync(join3(tmpdir(), "roux-bench-"));
  try {
    const file = join3(folder, `rows.${format}`);
    const rows = writeRows(file, format, megabytes * 1e6, length);
    const start = performance.now();
    for await (const _ of createReadStream3(file, { highWaterMark: 1 << 20 })) ;
    const reading = (performance.now() - start) / 1e3;
    const { seconds, peak } = await measure(file, join3(folder, "dataset"));
    console.log(`${format}: ${megabytes} MB, ${rows.toLocaleString("en")} rows`);
    console.log(`  reading alone  ${reading.toFixed(1)} s`);
    console.log(
      `  load-dataset   ${seconds.toFixed(1)} s, ${(megabytes / seconds).toFixed(0)} MB/s, ${(seconds / reading).toFixed(0)} times reading`
    );
    console.log(`  peak memory    ${peak.toFixed(0)} MB (goal: below ${goal} MB)`);
    if (peak >= goal) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
function writeRows(file, format, bytes, length) {
  const random = createRandom(1);
  const words = Array.from({ length: 2e4 }, () => {
    const letters = Array.from(
      { length: 2 + random.integer(9) },
      () => String.fromCharCode(97 + random.integer(26))
    );
    return letters.join("");
  });
  const descriptor = openSync2(file, "w");
  let written = format === "csv" ? writeSync2(descriptor, "text,label\n") : 0;
  let rows = 0;
  let repeated = "the same text again";
  while (written < bytes) {
    const lines = [];
    for (let line = 0; line < 2e3; line++, rows++) {
      const parts = [];
      for (let size = 0; size < length; ) {
        const word = words[random.integer(words.length)] ?? "";
        parts.push(word);
        size += word.length + 1;
      }
      let text = parts.join(" ");
      if (random.integer(50) === 0) text = `"${text}",
${text}`;
      const event = random.integer(100);
      if (event === 0) text = repeated;
      if (event === 1) repeated = text;
      const label = random.integer(4) === 0 ? "spam" : "ham";
      lines.push(
        format === "csv" ? `"${text.replaceAll('"', '""')}",${label}
` : `${JSON.stringify({ text, label })}
`
      );
    }
    written += writeSync2(descriptor, lines.join(""));
  }
  closeSync2(descriptor);
  return rows;
}
function measure(file, output) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "--load", file, output], {
      stdio: ["ignore", "pipe", "inherit"]
    });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += String(chunk);
    });
    child.on("error", reject);
    child.on(
      "exit",
      (code) => code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`exit code ${code}`))
    );
  });
}
async function load(file, output) {
  mkdirSync(output, { recursive: true });
  const start = performance.now();
  await loadDataset(output, {
    sources: [{ path: file, format: file.endsWith(".csv") ? "csv" : "jsonl" }],
    mapping: { text: "text", label: "label", keep: [] },
    ratios: { train: 0.8, validation: 0.1, test: 0.1 },
    random: createRandom(1)
  });
  const seconds = (performance.now() - start) / 1e3;
  console.log(JSON.stringify({ seconds, peak: process.resourceUsage().maxRSS / 1024 }));
}
