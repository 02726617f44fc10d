/** The summary of a bias audit on a model card. */
import type { MetricsFile } from '../../artifacts/metrics.js';
import { JsonFields } from '../../formats/json.js';
import { code, figure, percent, table } from './markdown.js';

/** The section; what the audit could not judge is said, too. */
export function biasSection({ metrics, details }: MetricsFile): string {
  const swaps = listOf(details.counterfactual).map(swapRow);
  const groups = listOf(details.groups).flatMap(groupRows);
  const parts = ['## Bias'];
  if (swaps.length > 0) {
    parts.push(
      'Words that name groups were swapped for others of their kind. A prediction that changes with them depends on the group.',
      table(['swapped', 'texts', 'variants', 'predictions that flip', 'mean shift of probabilities'], swaps),
    );
  }
  if (groups.length > 0) {
    parts.push(
      'Differences between groups: of the share that is predicted positive (demographic parity) and of true and false positive rates (equalized odds). 0 is best; groups too small to judge are left out.',
      table(
        ['groups by', 'positive', 'compared', 'left out', 'parity difference', 'odds difference'],
        groups,
      ),
    );
  }
  if (parts.length === 1) {
    const rows = Object.entries(metrics).flatMap(([name, value]) =>
      value === null ? [] : [[code(name), figure(value)]],
    );
    parts.push(table(['metric', 'value'], rows));
  }
  return parts.join('\n\n');
}

function swapRow(swap: JsonFields): readonly string[] {
  const name = code(swap.string('name', 'unnamed'));
  if (swap.raw('metrics') === undefined) return [name, '0', '0', 'not known: no text has such words', ''];
  const metrics = swap.fields('metrics');
  return [
    name,
    String(metrics.number('examples', { fallback: 0 })),
    String(metrics.number('variants', { fallback: 0 })),
    shown(metrics, 'flip_rate', percent),
    shown(metrics, 'mean_absolute_shift', figure),
  ];
}

function groupRows(group: JsonFields): readonly (readonly string[])[] {
  const name = code(group.string('name', 'unnamed'));
  return listOf(group.raw('comparisons')).map((comparison) => {
    const gaps = comparison.fields('gaps', { optional: true });
    return [
      name,
      code(comparison.string('positive_label', '')),
      namesOf(comparison.raw('compared')),
      namesOf(comparison.raw('left_out')),
      shown(gaps, 'demographic_parity_difference', figure),
      shown(gaps, 'equalized_odds_difference', figure),
    ];
  });
}

function shown(fields: JsonFields, name: string, format: (value: number) => string): string {
  const value = fields.raw(name);
  return typeof value === 'number' ? format(value) : 'not known';
}

function namesOf(value: unknown): string {
  const names = Array.isArray(value) ? value.map(String) : [];
  return names.length === 0 ? 'none' : names.join(', ');
}

function listOf(value: unknown): readonly JsonFields[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return items.flatMap((item) =>
    typeof item === 'object' && item !== null ? [new JsonFields(item, 'metrics.json')] : [],
  );
}
