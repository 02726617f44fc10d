import type { Graph } from '../graph.js';
import { absorbFactors } from './absorb-factors.js';
import { eliminateCommonSubexpressions } from './eliminate-common-subexpressions.js';
import { eliminateDeadCode, removeUnusedInputs } from './eliminate-dead-code.js';
import { foldConstants } from './fold-constants.js';
import { fuseGelus, fuseLayerNormalizations } from './fuse-activations.js';
import { fuseBiases, fuseMatrixProducts } from './fuse-matrix-products.js';
import { fuseUnitVariances } from './fuse-unit-variances.js';
import { lowerFusedProducts } from './lower-fused-products.js';
import type { Pass } from './rewrite.js';
import { separateOutputs } from './separate-outputs.js';
import { simplify } from './simplify.js';
import { sinkExpansions } from './sink-expansions.js';

/** The passes in the order in which they run; dead code goes in between, so that uses are counted right. */
const PASSES: readonly Pass[] = [
  eliminateDeadCode,
  eliminateCommonSubexpressions,
  sinkExpansions,
  foldConstants,
  simplify,
  foldConstants,
  eliminateCommonSubexpressions,
  eliminateDeadCode,
  fuseLayerNormalizations,
  eliminateDeadCode,
  fuseMatrixProducts,
  eliminateDeadCode,
  fuseBiases,
  simplify,
  eliminateCommonSubexpressions,
  eliminateDeadCode,
];

/** Passes for graphs that are run at once: what they make is not what other programs know models by. */
const RUNTIME_PASSES: readonly Pass[] = [
  fuseGelus,
  fuseUnitVariances,
  eliminateDeadCode,
  absorbFactors,
  eliminateDeadCode,
  absorbFactors,
  eliminateDeadCode,
];

/** Runs all passes; `finishGraph` makes the result one that can be emitted as an ONNX model. */
export function optimizeGraph(graph: Graph): Graph {
  return removeUnusedInputs([...PASSES, ...RUNTIME_PASSES].reduce((current, pass) => pass(current), graph));
}

/** Gives outputs the form that ONNX wants. */
export function finishGraph(graph: Graph): Graph {
  return separateOutputs(removeUnusedInputs(graph));
}

/** Runs the passes after which a graph has only operations of ONNX's own set; inputs that nothing uses stay. */
export function optimizeForExport(graph: Graph): Graph {
  const passes = [...PASSES, lowerFusedProducts, eliminateCommonSubexpressions, eliminateDeadCode];
  return passes.reduce((current, pass) => pass(current), graph);
}
