/**
 * What stages of third parties are written with: `import { defineStage, Type } from 'roux'`.
 */
export { type Static, Type } from '@sinclair/typebox';
export {
  type ColumnValue,
  createDatasetWriter,
  type Dataset,
  type DatasetDescription,
  type DatasetRow,
  type DatasetSplit,
  type DatasetWriter,
  openDataset,
  readRows,
} from './artifacts/dataset.js';
export { type Embeddings, readEmbeddings, writeEmbeddings } from './artifacts/embeddings.js';
export { type ArtifactKind, artifactKinds, type SplitName, splitNames } from './artifacts/kinds.js';
export {
  openTokens,
  readTokens,
  type TokenSplit,
  type Tokens,
} from './artifacts/tokens.js';
export { PluginUserError as UserError, type UserErrorDetails } from './artifacts/user-error.js';
export { createRandom, type Random } from './data/random.js';
export { loadTokenizer, type Tokenizer } from './data/tokenizer.js';
export { writeWordPieceTokenizer } from './data/word-piece-trainer.js';
export { openSafetensors, type StoredTensor, toFloat32, writeSafetensors } from './formats/safetensors.js';
export {
  loadModel,
  type Model,
  randomModel,
  saveModel,
} from './models/model.js';
export { createPredictor, type Predictor } from './models/predict.js';
export { onlyWith } from './plugin/conditional-setting.js';
export {
  type AnewRule,
  type CacheEntry,
  type Continuation,
  type ContinuationFolders,
  defineStage,
  type InputArtifact,
  type InputPort,
  type OutputArtifact,
  type OutputPort,
  type Progress,
  type RuntimeChoice,
  type StageCache,
  type StageContext,
  type StageDefinition,
  type StageLog,
  type StageResult,
} from './plugin/define-stage.js';
export { OutputFolderSetting, PathSetting } from './plugin/path-setting.js';
export { openRuntime } from './runtime/open-runtime.js';
export type { HostTensor, NamedHostTensors, NamedTensors, Runtime } from './runtime/runtime.js';
