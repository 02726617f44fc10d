/**
 * Writes what is derived from the stage definitions: `dist/generated/` (facts and compiled validators), and the
 * committed `schemas/` and `docs/reference/stages/`; then bundles the command line. With `--check` it writes only dist/ and
 * fails when a committed file is not current.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleCommandLine } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const isCheck = process.argv.includes('--check');

const { describeStage } = await fromDist('plugin/describe-stage.js');
const { compileValidator } = await fromDist('plugin/compile-validator.js');
const { recipeSchema } = await fromDist('recipe/recipe-schema.js');
const { editorRecipeSchema, editorStageSchema } = await fromDist('recipe/editor-schema.js');
const { checkingCodes } = await fromDist('diagnostics/codes.js');
const { runningCodes } = await fromDist('diagnostics/running-codes.js');
const { stageReference, stageReferenceIndex } = await fromDist('recipe/stage-reference.js');

const stages = await describeStages();
await writeGenerated();
await bundleCommandLine(root);
const committed = committedFiles();
const stale = isCheck ? await staleFiles(committed) : await writeCommitted(committed);
if (stale.length > 0) {
  process.stderr.write(
    `Not current; run 'npm run build' and commit:\n${stale.map((file) => `  ${file}\n`).join('')}`,
  );
  process.exitCode = 1;
}

function fromDist(path) {
  return import(pathToFileURL(join(root, 'dist', path)).href);
}

/** The facts of every `dist/stages/TYPE/TYPE.js` whose source is still there, by name. */
async function describeStages() {
  const folders = existsSync(join(root, 'src/stages')) ? await readdir(join(root, 'src/stages')) : [];
  const described = [];
  for (const type of folders.sort()) {
    const isStage = existsSync(join(root, 'src/stages', type, `${type}.ts`));
    const module = join('stages', type, `${type}.js`);
    if (!isStage || !existsSync(join(root, 'dist', module))) continue;
    const { default: definition } = await fromDist(module);
    const facts = describeStage(definition);
    if (!facts.ok) throw new Error(`src/stages/${type}/${type}.ts: ${facts.error.join('; ')}`);
    if (facts.value.type !== type)
      throw new Error(`src/stages/${type} defines the type '${facts.value.type}'`);
    described.push(facts.value);
  }
  return described;
}

async function writeGenerated() {
  const folder = join(root, 'dist/generated');
  await mkdir(join(folder, 'validators'), { recursive: true });
  await Promise.all(
    stages.map(async ({ type, settings }) =>
      writeFile(join(folder, 'validators', `${type}.cjs`), await compileValidator(settings)),
    ),
  );
  await writeFile(join(folder, 'recipe-validator.cjs'), await compileValidator(recipeSchema));
  await writeFile(join(folder, 'stages.json'), `${JSON.stringify(stages)}\n`);
  const current = new Set(stages.map(({ type }) => `${type}.cjs`));
  for (const name of await readdir(join(folder, 'validators'))) {
    if (!current.has(name)) await rm(join(folder, 'validators', name));
  }
}

/** Path -> text of everything that is derived and committed. */
function committedFiles() {
  const json = (schema) => `${JSON.stringify(schema, null, 2)}\n`;
  return new Map([
    ['schemas/recipe.schema.json', json(editorRecipeSchema(stages))],
    ...stages.map((stage) => [`schemas/stages/${stage.type}.schema.json`, json(editorStageSchema(stage))]),
    ['docs/reference/stages/README.md', stageReferenceIndex(stages)],
    ...stages.map((stage) => [`docs/reference/stages/${stage.type}.md`, stageReference(stage)]),
    ['docs/reference/errors/README.md', errorIndex()],
  ]);
}

/** The codes of diagnostics, each with the way to its section. */
function errorIndex() {
  const table = (codes) => {
    const rows = Object.entries(codes).map(([code, mistake]) => {
      const [family] = code.split('/');
      return `| [\`${code}\`](${family}.md#${code.replace('/', '')}) | ${mistake} |`;
    });
    return `| code | mistake |\n| --- | --- |\n${rows.join('\n')}`;
  };
  return `# Errors

Every mistake of a user has a code in brackets at the end of its first line. A code keeps its meaning; \`--json\` and SARIF carry it,
too. Each is explained, with an example where one can be shown. Plugins have codes of their own.

## Before anything runs

What is wrong with a recipe, a plugin or a command line; the exit code is 2:

${table(checkingCodes)}

## While a recipe runs

What shows only in the data, the models and the store; the stage fails, and the exit code is 1:

${table(runningCodes)}
`;
}

async function writeCommitted(files) {
  for (const [path, text] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if ((await textOf(path)) !== text) await writeFile(join(root, path), text);
  }
  for (const path of await leftovers(files)) await rm(join(root, path));
  return [];
}

async function staleFiles(files) {
  const stale = await leftovers(files);
  for (const [path, text] of files) if ((await textOf(path)) !== text) stale.push(path);
  return stale;
}

/** Files of stage types that are no more. */
async function leftovers(files) {
  const found = [];
  for (const folder of ['schemas/stages', 'docs/reference/stages']) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of await readdir(join(root, folder))) found.push(join(folder, name));
  }
  return found.filter((path) => !files.has(path));
}

async function textOf(path) {
  return existsSync(join(root, path)) ? readFile(join(root, path), 'utf8') : undefined;
}
