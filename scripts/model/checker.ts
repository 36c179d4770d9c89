import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the model is. */
export const MODEL_FOLDER = fileURLToPath(new URL('../../test/model/', import.meta.url));

/** What the checker says of one configuration of the model. */
export interface Checked {
  /** the claim that failed, or the checker's own words for an error that is none of ours; undefined where all holds */
  readonly violated: string | undefined;
  /** every state was seen; false where memory, depth or time were not enough, or only a bit per state was kept */
  readonly exhaustive: boolean;
  readonly states: number;
  readonly depth: number;
  /** seconds that the checker took, by the wall clock */
  readonly seconds: number;
  readonly megabytes: number;
  /** process types of the model, and in each what was never reached: `file:line statement` */
  readonly unreached: ReadonlyMap<string, readonly string[]>;
}

export interface CheckOptions {
  readonly flags: readonly string[];
  readonly bitstate?: boolean;
  /** many states are expected: compiled for that, which takes longer itself */
  readonly isLong?: boolean;
  readonly memoryMegabytes: number;
  readonly limitSeconds: number;
}

/** The tools that are missing here. */
export const missingTools = (): string[] =>
  [
    ['spin', '-V'],
    ['gcc', '--version'],
  ].flatMap(([tool, flag]) => (spawnSync(tool!, [flag!]).error === undefined ? [] : [tool!]));

/** Makes a checker of the model under some flags, and runs it to its end. @throws Error where it cannot be made or run */
export async function check({
  flags,
  bitstate = false,
  isLong = false,
  memoryMegabytes,
  limitSeconds,
}: CheckOptions): Promise<Checked> {
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-model-'));
  try {
    const defines = flags.map((flag) => `-D${flag}`);
    await run('spin', ['-a', ...defines, join(MODEL_FOLDER, 'protocol.pml')], folder);
    const kept = bitstate ? ['-DBITSTATE'] : ['-DCOLLAPSE'];
    const compiled = [
      isLong ? '-O1' : '-O0',
      '-DSAFETY',
      '-DNOFAIR',
      `-DMEMLIM=${memoryMegabytes}`,
      '-DVECTORSZ=2048',
      ...kept,
    ];
    await run('gcc', [...compiled, '-o', 'pan', 'pan.c'], folder);
    const output = await run(join(folder, 'pan'), ['-m1000000', `-w${bitstate ? 33 : 20}`], folder, limitSeconds);
    return { ...readOutput(output), exhaustive: !bitstate && !isTruncated(output) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isTruncated = (output: string): boolean =>
  /max search depth too small|memory bound|out of memory|time limit|Search not completed|aborting/i.test(output);

/** Reads what a checker prints (spinroot.com/spin/Man/Pan.html). */
export function readOutput(output: string): Omit<Checked, 'exhaustive'> {
  const found = /^pan:\d+: (.*)$/m.exec(output)?.[1];
  const claim = found === undefined ? undefined : (/^assertion violated \((\w+)\|\|/.exec(found)?.[1] ?? found);
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const errors = number(/errors: (\d+)/);
  if (Number.isNaN(errors)) throw new Error(`the checker said nothing that can be read:\n${output.slice(-2000)}`);
  return {
    violated: claim ?? (errors === 0 ? undefined : 'an error without a name'),
    states: number(/^\s*([\d.e+]+) states, stored/m),
    depth: number(/depth reached (\d+)/),
    seconds: number(/elapsed time ([\d.e+]+) seconds/),
    megabytes: number(/^\s*([\d.]+)\s+total actual memory usage/m),
    unreached: unreachedIn(output),
  };
}

function unreachedIn(output: string): Map<string, string[]> {
  const unreached = new Map<string, string[]>();
  let statements: string[] | undefined;
  for (const line of output.split('\n')) {
    const type = /^unreached in (?:proctype )?(\w+)/.exec(line)?.[1];
    if (type !== undefined) {
      statements = [];
      unreached.set(type, statements);
    }
    const [, file, at, text] = /^\t.*?(\w+\.pml):(\d+), state \d+, "(.*)"$/.exec(line) ?? [];
    if (file !== undefined && text !== '-end-') statements?.push(`${file}:${at} ${text}`);
  }
  return unreached;
}

/** Runs a program. The checker ends with 0 whatever it found; what it says counts. */
function run(program: string, args: readonly string[], cwd: string, limitSeconds = 120): Promise<string> {
  return new Promise((resolve, reject) => {
    let isInterrupted = false;
    const child = execFile(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      clearTimeout(limit);
      if (error !== null && !isInterrupted && !stdout.includes('State-vector')) {
        reject(new Error(`${program} failed: ${stdout.slice(-1000)}${stderr.slice(-1000)}`, { cause: error }));
      } else resolve(isInterrupted ? `${stdout}\nSearch not completed: time limit` : stdout);
    });
    // An interrupted checker says how far it came, and that it did not end. The time limit of `execFile` would not wait for that.
    const limit = setTimeout(() => {
      isInterrupted = true;
      child.kill('SIGINT');
    }, limitSeconds * 1000);
  });
}
