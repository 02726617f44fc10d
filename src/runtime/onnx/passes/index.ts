import type { Graph } from '../graph.js';
import { eliminateDeadCode, removeUnusedInputs } from './eliminate-dead-code.js';
import type { Pass } from './rewrite.js';
import { separateOutputs } from './separate-outputs.js';

/** The passes in the order in which they run. */
const PASSES: readonly Pass[] = [eliminateDeadCode];

/** Runs all passes; the result can be emitted as an ONNX model. */
export function optimizeGraph(graph: Graph): Graph {
  return separateOutputs(removeUnusedInputs(PASSES.reduce((current, pass) => pass(current), graph)));
}
