import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { surveySource } from '../../src/data/survey.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roux-survey-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('the survey of data without rows', () => {
  it.each(['', 'text,label\n'])('says that there is no more than a header in %j', async (text) => {
    const file = join(folder, 'data.csv');
    await writeFile(file, text);
    await expect(surveySource(file)).rejects.toMatchObject({
      message: 'There are no rows in this data',
      details: { found: 'nothing, or no more than a header' },
    });
  });
});
