import { globSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import type { Part } from './parts.ts';

/** A changed place of a source, and what became of it. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** the kind of change, such as ConditionalExpression */
  readonly mutator: string;
  readonly replacement: string;
  readonly status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'Ignored' | 'RuntimeError' | 'CompileError';
  /** why it was left out, where it was */
  readonly reason?: string;
}

type LogLevel = NonNullable<ConstructorParameters<typeof Stryker>[0]['logLevel']>;

/** Makes every change that Stryker knows to one part's sources, one at a time, and runs that part's tests against each. */
export async function mutate(part: Part, folder: string, concurrency: number, isQuiet = false): Promise<Mutant[]> {
  for (const pattern of [...part.sources, ...part.tests]) {
    if (globSync(pattern).length === 0) throw new Error(`no file is named ${pattern}`);
  }
  const room = join(folder, part.name);
  await rm(room, { recursive: true, force: true });
  await mkdir(room, { recursive: true });
  const mocha = join(room, 'mocharc.json');
  await writeFile(
    mocha,
    JSON.stringify({ extension: ['ts'], require: ['./test/mutation/hooks.ts'], spec: part.tests, timeout: 20_000 }),
  );
  const stryker = new Stryker({
    testRunner: 'mocha',
    mochaOptions: { config: mocha },
    plugins: ['@stryker-mutator/mocha-runner', new URL('plugin.ts', import.meta.url).href],
    ignorers: ['sentences'],
    mutate: [...part.sources],
    coverageAnalysis: 'perTest',
    // Changes to constants that are worked out while a module loads would need a process each.
    ignoreStatic: true,
    // Types are stripped, not compiled; Stryker's rewriting of tsconfig needs a compiler that is not this one.
    tsconfigFile: 'none.json',
    disableTypeChecks: false,
    concurrency,
    timeoutMS: 10_000,
    timeoutFactor: 2,
    tempDirName: join(room, 'sandbox'),
    ignorePatterns: ['/dist', '/.data', '/terraform', '/docs/pictures', '/docs/measurements'],
    reporters: isQuiet ? ['json'] : ['json', 'tenths'],
    jsonReporter: { fileName: join(room, 'report.json') },
    logLevel: 'warn' as LogLevel,
    allowConsoleColors: false,
  });
  await stryker.runMutationTest();
  return read(JSON.parse(await readFile(join(room, 'report.json'), 'utf8')) as Report);
}

/** The part that is read of Stryker's report (mutation-testing-report-schema 2). */
interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly mutants: readonly {
          readonly mutatorName: string;
          readonly replacement?: string;
          readonly status: Mutant['status'];
          readonly statusReason?: string;
          readonly location: { readonly start: { readonly line: number; readonly column: number } };
        }[];
      }
    >
  >;
}

function read({ files }: Report): Mutant[] {
  return Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants.map(({ mutatorName, replacement = '', status, statusReason, location: { start } }) => ({
      file,
      line: start.line,
      column: start.column,
      mutator: mutatorName,
      replacement,
      status,
      ...(status === 'Ignored' && statusReason !== undefined ? { reason: statusReason } : {}),
    })),
  );
}
