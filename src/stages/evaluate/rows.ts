/**
 * From examples to rows: a text that was split into several examples gets one prediction.
 */

/** The predictions of one row of the data set. */
export interface RowPrediction {
  /** The row's id. */
  readonly id: string;
  /** The examples that the row was split into, in order. */
  readonly examples: readonly number[];
  /** The true class; absent where the row has no label. */
  readonly label?: number;
  /** The mean of the examples' probabilities. */
  readonly probabilities: readonly number[];
}

/**
 * Joins the examples of each row: their probabilities are averaged.
 *
 * @param ids [examples] the id of each example's row; the same id again is the same row.
 * @param labels [examples] true classes, below 0 where there is none; null where no example has one.
 * @param probabilities [examples][classes].
 */
export function predictionsByRow(
  ids: readonly string[],
  labels: ArrayLike<number> | null,
  probabilities: readonly ArrayLike<number>[],
): readonly RowPrediction[] {
  const members = new Map<string, number[]>();
  ids.forEach((id, example) => {
    const examples = members.get(id);
    if (examples) examples.push(example);
    else members.set(id, [example]);
  });
  return Array.from(members, ([id, examples]) => {
    const label = labels?.[examples[0] ?? 0] ?? -1;
    const rows = examples.map((example) => Array.from(probabilities[example] ?? []));
    return {
      id,
      examples,
      ...(label >= 0 ? { label } : {}),
      probabilities: (rows[0] ?? []).map(
        (_, column) => rows.reduce((sum, row) => sum + (row[column] ?? 0), 0) / rows.length,
      ),
    };
  });
}
