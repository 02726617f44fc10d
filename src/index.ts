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
export { type ArtifactKind, artifactKinds, type SplitName, splitNames } from './artifacts/kinds.js';
export {
  openTokens,
  readTokens,
  type TokenSplit,
  type Tokens,
} from './artifacts/tokens.js';
export { UserError, type UserErrorDetails } from './artifacts/user-error.js';
export { openSafetensors, type StoredTensor, toFloat32, writeSafetensors } from './formats/safetensors.js';
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
export { PathSetting } from './plugin/path-setting.js';
