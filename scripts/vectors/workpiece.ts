import { canonicalBytes, type Json } from '../../shared/domain/canonical.ts';
import type { Content } from './recipe.ts';

/** A bundle on the bench: its files, opened, to be changed and packed again. */
export class Workpiece {
  readonly files: Map<string, Buffer>;

  constructor(files: ReadonlyMap<string, Buffer>) {
    this.files = new Map(files);
  }

  /** @throws Error where the file is missing: a recipe that misses its target proves nothing */
  file(path: string): Buffer {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new Error(`there is no ${path}`);
    return bytes;
  }

  lines(path: string): string[] {
    const text = this.file(path).toString('latin1');
    return text === '' ? [] : text.slice(0, -1).split('\n');
  }

  setLines(path: string, lines: readonly string[]): void {
    this.files.set(path, Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'));
  }

  json(path: string): Json {
    return JSON.parse(this.file(path).toString('utf8')) as Json;
  }

  setJson(path: string, value: Json): void {
    this.files.set(path, canonicalBytes(value));
  }
}

/** The place of line `line` in a list: 1 is the first, -1 the last. */
export function lineAt(lines: readonly string[], line: number): number {
  const at = line > 0 ? line - 1 : lines.length + line;
  if (lines[at] === undefined) throw new Error(`there is no line ${line}`);
  return at;
}

export function contentBytes(content: Content): Buffer {
  const once = 'text' in content ? Buffer.from(content.text, 'utf8') : Buffer.from(content.hex, 'hex');
  return Buffer.concat(Array.from({ length: content.times ?? 1 }, () => once));
}

/** A record's text with another value in one member; the value is written as it stands. */
export function withField(record: string, field: string, value: string): string {
  const opening = `"${field}":"`;
  const start = record.indexOf(opening);
  if (start < 0) throw new Error(`the record has no ${field}`);
  const from = start + opening.length;
  return record.slice(0, from) + value + record.slice(record.indexOf('"', from));
}

export function fieldOf(record: string, field: string): string {
  const value = new RegExp(`"${field}":"([^"]*)"`).exec(record)?.[1];
  if (value === undefined) throw new Error(`the record has no ${field}`);
  return value;
}

/** Where a JSON Pointer points: the container and the last name in it. */
export function pointed(
  root: Json,
  pointer: string,
): { readonly container: Record<string, Json>; readonly name: string } {
  const names = pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  let container = root as Record<string, Json>;
  for (const name of names.slice(0, -1)) {
    const next = container[name];
    if (typeof next !== 'object' || next === null) throw new Error(`${pointer} leads nowhere`);
    container = next as Record<string, Json>;
  }
  return { container, name: names.at(-1)! };
}
