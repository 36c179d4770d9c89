import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parse } from '@cdktn/hcl2json';
import { type Line, linesOf } from './hcl-lines.ts';

/** A `.tf` or `.tftest.hcl` file as hcl2json reads it: blocks are lists, expressions are texts `"${...}"`. */
export interface HclFile {
  /** from the folder that holds everything, `modules/spanner/main.tf` */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly body: HclBody;
  /** Where each block and argument begins. */
  readonly lines: readonly Line[];
}
export type HclValue = string | number | boolean | null | HclValue[] | { readonly [name: string]: HclValue };
export type HclBody = { readonly [name: string]: HclValue };

export interface Unreadable {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Reads all configuration below a folder. What cannot be parsed is named, the rest is read all the same. */
export async function readHcl(root: string): Promise<{ files: HclFile[]; unreadable: Unreadable[] }> {
  const files: HclFile[] = [];
  const unreadable: Unreadable[] = [];
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(tf|tftest\.hcl)$/.test(name) && !name.includes('.terraform/'))
    .sort();
  for (const name of names) {
    const path = relative(root, join(root, name));
    const text = readFileSync(join(root, name), 'utf8');
    try {
      files.push(await parseHcl(path, text));
    } catch (error) {
      // hcl2json says `[file:line,column-column: why; more]`.
      const [, line, message] = /\[[^\]]*?:(\d+),[^:]*: ([^;\]]+)/.exec(String((error as Error).message)) ?? [];
      unreadable.push({ path, line: Number(line ?? 1), message: message ?? String(error) });
    }
  }
  return { files, unreadable };
}

/** @throws Error in hcl2json's words */
export async function parseHcl(path: string, text: string): Promise<HclFile> {
  const body = (await parse(path, text)) as HclBody;
  return { path, folder: dirname(path), text, body, lines: linesOf(text) };
}

/** The bodies of `kind "first" "second" {}`, with the labels before them. */
export function* labelled(
  body: HclBody,
  kind: string,
  labels: number,
): Generator<{ labels: string[]; block: HclBody }> {
  yield* below(body[kind], labels, []);
}

function* below(
  value: HclValue | undefined,
  depth: number,
  labels: string[],
): Generator<{ labels: string[]; block: HclBody }> {
  if (value === undefined || value === null) return;
  if (depth === 0) {
    for (const block of Array.isArray(value) ? value : [value]) if (isBody(block)) yield { labels, block };
    return;
  }
  if (isBody(value))
    for (const [label, inner] of Object.entries(value)) yield* below(inner, depth - 1, [...labels, label]);
}

export const isBody = (value: HclValue | undefined): value is HclBody =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a text of hcl2json holds something to be evaluated. `$${` is an escape. */
export const isExpression = (text: string): boolean => /(?<!\$)\$\{|(?<!%)%\{/.test(text);
