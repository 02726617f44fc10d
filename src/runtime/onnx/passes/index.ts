import type { Graph } from '../graph.js';
import { eliminateCommonSubexpressions } from './eliminate-common-subexpressions.js';
import { eliminateDeadCode, removeUnusedInputs } from './eliminate-dead-code.js';
import { foldConstants } from './fold-constants.js';
import { fuseGelus, fuseLayerNormalizations } from './fuse-activations.js';
import { fuseBiases, fuseMatrixProducts } from './fuse-matrix-products.js';
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

/** Runs all passes; `finishGraph` makes the result one that can be emitted as an ONNX model. */
export function optimizeGraph(graph: Graph): Graph {
  return removeUnusedInputs(
    [...PASSES, fuseGelus, eliminateDeadCode].reduce((current, pass) => pass(current), graph),
  );
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
