/**
 * Who may import whom: the layers of docs/adr/0001-layers.md, from the top to the bottom.
 * A folder may import its own files and those of the folders that its row lists.
 */
const mayImport = {
  cli: [
    'engine',
    'recipe',
    'comparison',
    'report',
    'plugin',
    'search',
    'artifacts',
    'data',
    'models',
    'runtime',
    'formats',
  ],
  engine: ['recipe', 'plugin', 'search', 'artifacts'],
  recipe: ['plugin', 'search', 'artifacts'],
  plugin: ['artifacts'],
  stages: [
    'report',
    'plugin',
    'training',
    'metrics',
    'fairness',
    'data',
    'artifacts',
    'models',
    'runtime',
    'formats',
  ],
  report: ['comparison', 'plugin', 'training', 'artifacts', 'formats'],
  comparison: ['plugin', 'metrics', 'artifacts'],
  training: ['artifacts', 'data', 'models', 'metrics', 'runtime', 'formats'],
  fairness: ['artifacts', 'metrics', 'data'],
  metrics: ['artifacts'],
  data: ['artifacts', 'formats'],
  models: ['artifacts', 'runtime', 'formats'],
  artifacts: ['formats'],
  runtime: ['artifacts', 'formats'],
  formats: ['artifacts'],
  search: [],
  diagnostics: [],
};

/** Files without imports of their own that anybody may use. */
const shared = [
  '^src/artifacts/user-error\\.ts$',
  '^src/data/random\\.ts$',
  '^src/diagnostics/',
  '^src/runtime/(runtime|fingerprint|environment|available)\\.ts$',
];

const layers = Object.entries(mayImport).map(([layer, below]) => ({
  name: `layer-${layer}`,
  severity: 'error',
  comment: `src/${layer} may import only: ${below.join(', ') || 'nothing'}`,
  from: { path: `^src/${layer}/` },
  to: { path: '^src/', pathNot: [`^src/(${[layer, ...below].join('|')})/`, ...shared] },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that import each other have one subject or a missing third file. Types may.',
      from: { path: '^dist/' },
      to: { circular: true },
    },
    {
      name: 'engine-without-tensors',
      severity: 'error',
      comment: 'The engine and the recipe language work without a tensor library.',
      from: { path: '^src/(engine|recipe|plugin)/' },
      to: { path: 'node_modules/(@tensorflow|onnxruntime)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-test-code-in-source',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // One file made of the others.
    exclude: { path: '^dist/bundle/' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
