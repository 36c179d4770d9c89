import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Lane } from './choosers.ts';
import { MUTANTS, type Mutant } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What a copy needs to run. */
const COPIED = ['functions', 'shared', 'scripts', 'test/vectors/keys', 'package.json'] as const;

/** What one lane found in a changed copy. */
export interface Hunt {
  readonly lane: Lane;
  /** runs until it was found, or all that were made */
  readonly schedules: number;
  readonly rule: string | undefined;
  readonly detail: string | undefined;
}

export interface MutantResult {
  readonly mutant: Mutant;
  readonly hunts: readonly Hunt[];
}

export const isFound = ({ hunts }: MutantResult): boolean => hunts.some(({ rule }) => rule !== undefined);

export interface MutantRun {
  readonly seed: number;
  /** runs of each mutant, both lanes together */
  readonly schedules: number;
  readonly workers: number;
  /** whether each lane looks for itself; otherwise both look by turns until one has found it */
  readonly isEach?: boolean;
  /** part of the titles of those to try; all of them where it is empty */
  readonly only?: readonly string[];
  readonly onResult: (result: MutantResult) => void;
}

/**
 * Breaks rules of the protocol one by one, in copies of the sources, and lets both lanes look for it.
 * @throws Error where a change no longer fits the sources
 */
export async function huntMutants({
  seed,
  schedules,
  workers,
  isEach = false,
  only = [],
  onResult,
}: MutantRun): Promise<MutantResult[]> {
  const wanted = MUTANTS.filter(({ title }) => only.length === 0 || only.some((part) => title.includes(part)));
  await requireFit(wanted);
  const results: MutantResult[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const copy = await makeCopy();
    try {
      for (let mutant = wanted[next++]; mutant !== undefined; mutant = wanted[next++]) {
        const result = await huntOne(copy, mutant, [String(seed), String(schedules), isEach ? 'each' : 'turns']);
        results.push(result);
        onResult(result);
      }
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: workers }, work));
  for (const one of settled) if (one.status === 'rejected') throw one.reason;
  return results;
}

/** @throws Error where a change no longer fits the sources as they are */
export async function requireFit(mutants: readonly Mutant[]): Promise<void> {
  for (const { title, changes } of mutants) {
    const sources = new Map<string, string>();
    for (const change of changes) {
      const source = sources.get(change.file) ?? (await readFile(join(ROOT, change.file), 'utf8'));
      sources.set(change.file, changed(source, change, title));
    }
  }
}

async function makeCopy(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'tallystick-mutant-'));
  for (const part of COPIED) await cp(join(ROOT, part), join(copy, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

async function huntOne(copy: string, mutant: Mutant, words: readonly string[]): Promise<MutantResult> {
  const originals = new Map<string, string>();
  try {
    for (const change of mutant.changes) {
      const file = join(copy, change.file);
      const source = await readFile(file, 'utf8');
      if (!originals.has(file)) originals.set(file, source);
      await writeFile(file, changed(source, change, mutant.title));
    }
    const hunts = await hunt(copy, words);
    return { mutant, hunts };
  } finally {
    for (const [file, source] of originals) await writeFile(file, source);
  }
}

/** @throws Error unless what is to be replaced stands there exactly once */
export function changed(source: string, { file, from, to }: Mutant['changes'][number], title: string): string {
  const parts = source.split(from);
  if (parts.length !== 2) {
    throw new Error(
      `"${title}" no longer fits: ${file} has ${parts.length - 1} places that read ${JSON.stringify(from)}`,
    );
  }
  return parts.join(to);
}

async function hunt(copy: string, words: readonly string[]): Promise<Hunt[]> {
  const args = [join(copy, 'scripts/simulation/hunt.ts'), ...words];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(copy, '.compiled') },
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`the hunt ended with ${String(code)}: ${err.slice(-2000)}`);
  return JSON.parse(out) as Hunt[];
}
