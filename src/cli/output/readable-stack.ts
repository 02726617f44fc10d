/** Stacks of the bundled program in terms of the source files. */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';

/** A frame's place: a file of the bundle, with line and column. */
const place = /(?:file:\/\/)?([^\s()]+\.cjs):(\d+):(\d+)/g;

/** The stack with every place in a bundle that has a source map replaced by the place it was made from. */
export function readableStack(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replaceAll(place, (written, file: string, line: string, column: string) => {
    if (!maps.has(file)) maps.set(file, loadMap(`${file}.map`));
    const origin = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    return origin !== undefined && 'originalSource' in origin
      ? `${resolve(dirname(file), origin.originalSource)}:${origin.originalLine + 1}:${origin.originalColumn + 1}`
      : written;
  });
}

function loadMap(file: string): SourceMap | undefined {
  return existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}
