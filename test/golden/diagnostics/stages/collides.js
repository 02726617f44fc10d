import { defineStage, Type } from 'roux';

export default defineStage({
  type: 'evaluate',
  version: 1,
  summary: 'Has the name of another',
  settings: Type.Object({}),
  inputs: {},
  outputs: {},
  run: async () => undefined,
});
