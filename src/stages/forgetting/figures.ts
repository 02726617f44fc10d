/**
 * Figures of the same task before and after, side by side.
 */

/** Figures by name; null where one is not defined. */
type Figures = Readonly<Record<string, number | null>>;

/** One figure before and after. */
export interface FigureChange {
  readonly name: string;
  readonly before: number | null;
  readonly after: number | null;
  /** after - before; null where one of them is not defined. */
  readonly change: number | null;
}

/** What the stage tells. */
export interface ForgettingFigures {
  /** `forgetting` (the rise of the loss), and for each figure NAME_before, NAME_after and NAME_change. */
  readonly metrics: Figures;
  readonly rows: readonly FigureChange[];
  readonly summary: string;
  readonly table: readonly (readonly string[])[];
}

/** Puts the figures of two measurements next to each other. */
export function beforeAndAfter(before: Figures, after: Figures): ForgettingFigures {
  const rows = Object.keys(before).map((name): FigureChange => {
    const [first, second] = [before[name] ?? null, after[name] ?? null];
    const change = first === null || second === null ? null : second - first;
    return { name, before: first, after: second, change };
  });
  const loss = rows.find(({ name }) => name === 'loss');
  return {
    metrics: {
      forgetting: loss?.change ?? null,
      ...Object.fromEntries(
        rows.flatMap((row) => [
          [`${row.name}_before`, row.before],
          [`${row.name}_after`, row.after],
          [`${row.name}_change`, row.change],
        ]),
      ),
    },
    rows,
    summary: `loss ${written(loss?.before)} -> ${written(loss?.after)}`,
    table: [
      ['figure', 'before', 'after', 'change'],
      ...rows.map((row) => [row.name, written(row.before), written(row.after), written(row.change)]),
    ],
  };
}

function written(value: number | null | undefined): string {
  return value === null || value === undefined ? 'not defined' : value.toFixed(4);
}
