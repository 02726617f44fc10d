/** Figures as the report writes them. */
import { html, type Markup } from './html.js';

/** Metrics that are shares and read best as they are, from 0 to 1, in three places. */
export function formatFigure(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (Number.isInteger(value)) return formatCount(value);
  const magnitude = Math.abs(value);
  if (magnitude < 0.001) return value.toExponential(1).replace('e-', 'e−').replace(/^-/, '−');
  const places = magnitude < 10 ? 3 : magnitude < 100 ? 2 : 1;
  return value.toFixed(places).replace(/^-/, '−');
}

/** A setting as people write it: 5e-5, not 0.00005; `digits` cuts what a search drew. */
export function formatSettingNumber(value: number, digits?: number): string {
  const shown = digits === undefined ? value : Number(value.toPrecision(digits));
  return shown !== 0 && Math.abs(shown) < 1e-3 ? shown.toExponential() : String(shown);
}

/** '12,345'. */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** '12 %', '0.4 %'. */
export function formatShare(value: number): string {
  const percent = 100 * value;
  // Close to none and close to all a tenth makes a difference.
  const isExact = percent === 0 || percent === 100 || (percent >= 10 && percent < 99);
  return `${isExact ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** '1.4 MB'. */
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

/** An interval in brackets, in small type. */
export function intervalText(
  interval: { readonly low: number; readonly high: number } | null | undefined,
): Markup | undefined {
  if (!interval) return undefined;
  return html`<span class="interval">${formatFigure(interval.low)} – ${formatFigure(interval.high)}</span>`;
}

/** 'macro_f1' -> 'macro F1': what people call it. */
export function figureName(name: string): string {
  const known = names[name];
  if (known !== undefined) return known;
  return name
    .split('_')
    .map((word) => abbreviations[word] ?? word)
    .join(' ');
}

const names: Readonly<Record<string, string>> = {
  mcc: 'Matthews correlation',
  auroc: 'AUROC',
  f1: 'F1',
  expected_calibration_error: 'expected calibration error',
};

const abbreviations: Readonly<Record<string, string>> = {
  f1: 'F1',
  auroc: 'AUROC',
  mcc: 'MCC',
  ewc: 'EWC',
};
