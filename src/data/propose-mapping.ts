/** Which column is the text and which the label: a guess from what stands in them. */
import type { ColumnSurvey, SourceSurvey } from './survey.js';

/** What columns are for. */
export interface ProposedMapping {
  readonly text: string;
  readonly textPair?: string;
  /** Absent where no column looks like labels. */
  readonly label?: string;
}

/** Columns by their part; what is undefined is not known. */
export interface GivenColumns {
  readonly text?: string | undefined;
  readonly textPair?: string | undefined;
  /** False: there are no labels. */
  readonly label?: string | false | undefined;
}

const textNames =
  /^(text|message|sentence|body|content|review|comment|tweet|question|utterance|document|title|mail)$/i;
const labelNames =
  /^(label|labels|class|category|target|sentiment|intent|tag|topic|y|is_.*|spam|type|rating|stars|language|lang)$/i;
const pairNames: readonly (readonly [RegExp, RegExp])[] = [
  [/^(sentence|text|question|s|q)_?1$/i, /^(sentence|text|question|s|q)_?2$/i],
  [/^premise$/i, /^hypothesis$/i],
  [/^question$/i, /^(context|sentence|answer)$/i],
];
/** Rows of a label, at least: a column with fewer rows per value names things, not classes. */
const fewestPerLabel = 4;
/** More labels are hardly those of one task. */
const mostLabels = 200;

/** Fills in what is not given. Undefined when no column can be a text. */
export function proposeMapping(survey: SourceSurvey, given: GivenColumns = {}): ProposedMapping | undefined {
  const { columns } = survey;
  const pair = given.text === undefined ? pairOf(columns) : undefined;
  const text = given.text ?? pair?.[0] ?? likeliestText(columns, given.label || undefined);
  if (text === undefined) return undefined;
  const textPair = given.textPair ?? pair?.[1];
  const label =
    given.label === undefined
      ? likeliestLabel(columns.filter(({ name }) => name !== text && name !== textPair))
      : given.label || undefined;
  return {
    text,
    ...(textPair === undefined ? {} : { textPair }),
    ...(label === undefined ? {} : { label }),
  };
}

/** Whether a column can be labels: few values, each several times, and no measurements with decimals. */
export function canBeLabels({ values, empty, meanLength, isNumeric }: ColumnSurvey): boolean {
  if (values === undefined || values.length < 2 || values.length > mostLabels) return false;
  const rows = values.reduce((sum, [, count]) => sum + count, 0);
  if (empty > rows || rows / values.length < fewestPerLabel || meanLength > 60) return false;
  return !isNumeric || values.every(([value]) => Number.isInteger(Number(value)));
}

function pairOf(columns: readonly ColumnSurvey[]): readonly [string, string] | undefined {
  for (const [first, second] of pairNames) {
    const one = columns.find(({ name }) => first.test(name));
    const other = columns.find(({ name }) => second.test(name));
    if (one && other && one !== other && !one.isNumeric && !other.isNumeric) return [one.name, other.name];
  }
  return undefined;
}

/** The longest one whose values hardly repeat; a name that texts have counts as much as being twice as long. */
function likeliestText(columns: readonly ColumnSurvey[], label: string | undefined): string | undefined {
  const candidates = columns.filter(
    ({ name, isNumeric, meanLength }) => name !== label && !isNumeric && meanLength > 0,
  );
  const weight = ({ name, meanLength, sample }: ColumnSurvey): number =>
    meanLength * (textNames.test(name) ? 2 : 1) * (new Set(sample).size / sample.length);
  return candidates.toSorted((a, b) => weight(b) - weight(a))[0]?.name;
}

/** One with a name that labels have; otherwise the one with the fewest values. */
function likeliestLabel(columns: readonly ColumnSurvey[]): string | undefined {
  const candidates = columns.filter(canBeLabels);
  const byName = candidates.find(({ name }) => labelNames.test(name));
  const byCount = candidates.toSorted((a, b) => (a.values?.length ?? 0) - (b.values?.length ?? 0));
  return (byName ?? byCount[0])?.name;
}
