export default {
  type: 'Mal Formed',
  version: 0,
  settings: {},
  inputs: { Data: { kind: 'dataset', description: 'The rows' } },
  outputs: { dataset: 'dataset' },
  run: async () => undefined,
};
