/** A row of figures as a tiny chart. */

const levels = '▁▂▃▄▅▆▇█';

/** The figures from left to right, the smallest lowest; more than `width` of them are averaged. Empty for less than two. */
export function sparkline(values: readonly number[], width = 32): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return '';
  const columns = Math.min(width, finite.length);
  const means = Array.from({ length: columns }, (_, column) => {
    const part = finite.slice(
      Math.floor((column * finite.length) / columns),
      Math.floor(((column + 1) * finite.length) / columns),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const lowest = Math.min(...means);
  const range = Math.max(...means) - lowest;
  return means
    .map((mean) => levels[range === 0 ? 0 : Math.round(((mean - lowest) / range) * (levels.length - 1))])
    .join('');
}
