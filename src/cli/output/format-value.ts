/** Figures as people read them. */
import type { Progress } from '../../plugin/define-stage.js';

/** '0.4 s', '12 s', '3 min 20 s', '2 h 5 min'. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 995) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(minutes, 'min', seconds % 60, 's');
  return withRest(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

/** '512 B', '1.4 kB', '90 MB'; 1 kB is 1,000 bytes. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** '12,345': whole numbers with a comma at the thousands. */
export function formatCount(count: number): string {
  // Not toLocaleString: setting up the locale takes longer than everything else in a cached run's summary.
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A measured figure: whole numbers whole, others with four significant places, never more than six after the point. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'infinity' : '-infinity';
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? formatCount(value) : value.toExponential(3);
  const magnitude = Math.abs(value);
  if (magnitude < 1e-3) return trimZeros(value.toExponential(2));
  if (magnitude >= 1000) return formatCount(value);
  return value.toFixed(magnitude < 10 ? 4 : magnitude < 100 ? 2 : 1);
}

/** '+0.0123', '-3': how a figure moved. */
export function formatDifference(difference: number): string {
  if (difference === 0) return '±0';
  return `${difference > 0 ? '+' : ''}${formatNumber(difference)}`;
}

/** 'step 40 of 300, 13 %, loss 0.4312, 2,310 tokens/s'; without the time left. */
export function formatProgress(progress: Progress): string {
  const parts = [
    progress.total === undefined
      ? `${formatCount(progress.done)} ${progress.unit}`
      : `${formatCount(progress.done)}/${formatCount(progress.total)} ${progress.unit}`,
  ];
  if (progress.total !== undefined && progress.total > 0) {
    parts[0] += ` (${Math.floor((100 * progress.done) / progress.total)} %)`;
  }
  for (const [name, value] of Object.entries(progress.values ?? {})) {
    const rate = /^(?<what>[a-z_]+)_per_second$/.exec(name)?.groups?.what;
    parts.push(
      rate === undefined
        ? `${name.replaceAll('_', ' ')} ${formatNumber(value)}`
        : `${formatCount(value)} ${rate.replaceAll('_', ' ')}/s`,
    );
  }
  return parts.join(', ');
}

/** '3 stages', '1 stage'. */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${restUnit}`;
}

function trimZeros(exponential: string): string {
  return exponential.replace(/\.?0+e/, 'e').replace('e+', 'e');
}
