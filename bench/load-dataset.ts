/**
 * Loads a file of one gigabyte and prints the time it takes and the most memory that the process had, next to the time of
 * only reading the file.
 *
 *     node bench/run.mjs load-dataset [csv|jsonl] [megabytes] [characters per row]
 *
 * The file is made under the system's folder for temporary files and removed afterwards. The goal is a peak below 512 MB.
 */
import { spawn } from 'node:child_process';
import { closeSync, createReadStream, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDataset } from '../src/data/load-dataset.js';
import { createRandom } from '../src/data/random.js';

/** Megabytes. */
const goal = 512;

const [first = 'csv', second, third] = process.argv.slice(2);
if (first === '--load') await load(second ?? '', third ?? '');
else await bench(first, Number(second ?? 1000), Number(third ?? 300));

async function bench(format: string, megabytes: number, length: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'roux-bench-'));
  try {
    const file = join(folder, `rows.${format}`);
    const rows = writeRows(file, format, megabytes * 1e6, length);
    const start = performance.now();
    for await (const _ of createReadStream(file, { highWaterMark: 1 << 20 }));
    const reading = (performance.now() - start) / 1000;
    const { seconds, peak } = await measure(file, join(folder, 'dataset'));
    console.log(`${format}: ${megabytes} MB, ${rows.toLocaleString('en')} rows`);
    console.log(`  reading alone  ${reading.toFixed(1)} s`);
    console.log(
      `  load-dataset   ${seconds.toFixed(1)} s, ${(megabytes / seconds).toFixed(0)} MB/s, ${(seconds / reading).toFixed(0)} times reading`,
    );
    console.log(`  peak memory    ${peak.toFixed(0)} MB (goal: below ${goal} MB)`);
    if (peak >= goal) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rows of random words; one in a hundred repeats an earlier text, one in fifty has quotes and a line break. */
function writeRows(file: string, format: string, bytes: number, length: number): number {
  const random = createRandom(1);
  const words = Array.from({ length: 20_000 }, () => {
    const letters = Array.from({ length: 2 + random.integer(9) }, () =>
      String.fromCharCode(97 + random.integer(26)),
    );
    return letters.join('');
  });
  const descriptor = openSync(file, 'w');
  let written = format === 'csv' ? writeSync(descriptor, 'text,label\n') : 0;
  let rows = 0;
  let repeated = 'the same text again';
  while (written < bytes) {
    const lines: string[] = [];
    for (let line = 0; line < 2000; line++, rows++) {
      const parts: string[] = [];
      for (let size = 0; size < length; ) {
        const word = words[random.integer(words.length)] ?? '';
        parts.push(word);
        size += word.length + 1;
      }
      let text = parts.join(' ');
      if (random.integer(50) === 0) text = `"${text}",\n${text}`;
      const event = random.integer(100);
      if (event === 0) text = repeated;
      if (event === 1) repeated = text;
      const label = random.integer(4) === 0 ? 'spam' : 'ham';
      lines.push(
        format === 'csv'
          ? `"${text.replaceAll('"', '""')}",${label}\n`
          : `${JSON.stringify({ text, label })}\n`,
      );
    }
    written += writeSync(descriptor, lines.join(''));
  }
  closeSync(descriptor);
  return rows;
}

/** Loads in a process of its own, so that its peak is not ours. */
function measure(file: string, output: string): Promise<{ readonly seconds: number; readonly peak: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--load', file, output], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`exit code ${code}`)),
    );
  });
}

async function load(file: string, output: string): Promise<void> {
  mkdirSync(output, { recursive: true });
  const start = performance.now();
  await loadDataset(output, {
    sources: [{ path: file, format: file.endsWith('.csv') ? 'csv' : 'jsonl' }],
    mapping: { text: 'text', label: 'label', keep: [] },
    ratios: { train: 0.8, validation: 0.1, test: 0.1 },
    random: createRandom(1),
  });
  const seconds = (performance.now() - start) / 1000;
  // maxRSS is in kilobytes.
  console.log(JSON.stringify({ seconds, peak: process.resourceUsage().maxRSS / 1024 }));
}
