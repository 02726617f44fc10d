/** The runs that ended while somebody watched, for questions about the last of them. */
import type { RunSummary } from '../engine/api.js';
import type { Store } from '../engine/store.js';
import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import type { Terminal } from './output/terminal.js';

/** The last two runs of a watch. */
export class PastRuns {
  /** The recipe that is about to run, or runs. */
  planned: CheckedRecipe | undefined;
  /** The recipe of the last run. */
  private recipe: CheckedRecipe | undefined;
  private readonly summaries: RunSummary[] = [];

  add(summary: RunSummary): void {
    this.recipe = this.planned;
    this.summaries.push(summary);
    if (this.summaries.length > 2) this.summaries.shift();
  }

  /** Why the stages of the last run ran that did. */
  async why(store: Store, terminal: Terminal): Promise<readonly string[]> {
    const { recipe } = this;
    if (recipe === undefined) {
      return ['There is nothing to explain yet: no run of the whole recipe has ended.'];
    }
    const ran = (this.summaries.at(-1)?.stages ?? []).filter(
      ({ outcome }) => outcome === 'done' || outcome === 'failed',
    );
    if (ran.length === 0) return ['Nothing ran: every result was in the store.'];
    const [{ explainStage }, { formatExplanation }] = await Promise.all([
      import('../engine/explain-stage.js'),
      import('./output/explanation-view.js'),
    ]);
    const lines: string[] = [];
    for (const { name } of ran) {
      if (!recipe.stages.some((stage) => stage.name === name)) continue;
      const explanation = await explainStage(recipe, name, { store });
      lines.push(...formatExplanation(explanation, recipe, terminal), '');
    }
    return lines.slice(0, -1);
  }

  /** The last two runs side by side. */
  async compare(store: Store, terminal: Terminal): Promise<readonly string[]> {
    const [before, last] = this.summaries;
    if (before === undefined || last === undefined) return ['There is nothing to compare with yet.'];
    const [{ namedComparedRuns }, { compareRuns }, { formatComparison }] = await Promise.all([
      import('./compared-runs.js'),
      import('../comparison/compare-runs.js'),
      import('./output/comparison-view.js'),
    ]);
    const runs = await namedComparedRuns(store, [before.run, last.run], terminal);
    const comparison = await compareRuns(runs, { examples: 3, resamples: 1000 });
    return formatComparison(comparison, { all: false }, terminal);
  }
}
