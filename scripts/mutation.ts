import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { PARTS } from './mutation/parts.ts';
import { isText } from './mutation/plugin.ts';
import { type Mutant, mutate } from './mutation/run.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
/** The least share of mutants that tests must find, in percent. */
const LEAST = 85;

const countOf = (text: string): number => {
  if (/^[1-9][0-9]?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('between 1 and 99.');
};

const options = new Command('mutation')
  .description(
    `Changes the domain's code in one place at a time and runs its tests: exit 0 if of each part ${LEAST} % or more of the changes are found, else 1.`,
  )
  .addOption(new Option('--only <part...>', 'these parts alone').choices(PARTS.map(({ name }) => name)))
  .option('--processes <count>', 'test runners at once', countOf, 2)
  .option('--survivors', 'print each change that no test found, and each that was ended because tests took too long')
  .option('--json <file>', 'where to write every change and what became of it')
  .parse()
  .opts<{ only?: string[]; processes: number; survivors?: true; json?: string }>();

const share = (found: number, all: number): string => (all === 0 ? '-' : `${((100 * found) / all).toFixed(1)} %`);
const isFound = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';
const isLeft = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage';

const results: { part: string; mutants: Mutant[] }[] = [];
console.log(row('part', 'changes', 'found', 'late', 'survived', 'not run', 'share', 'texts', 'static'));
let missed = false;
for (const part of PARTS) {
  if (options.only !== undefined && !options.only.includes(part.name)) continue;
  const mutants = await mutate(part, join(PROJECT, 'dist/mutation'), options.processes);
  results.push({ part: part.name, mutants });
  const count = (status: Mutant['status']): number => mutants.filter((mutant) => mutant.status === status).length;
  const found = mutants.filter(isFound).length;
  const judged = found + mutants.filter(isLeft).length;
  if (judged === 0 || found * 100 < LEAST * judged) missed = true;
  const texts = mutants.filter(({ reason }) => reason !== undefined && isText(reason)).length;
  const counts = [judged, found, count('Timeout'), count('Survived'), count('NoCoverage'), share(found, judged)];
  console.log(row(part.name, ...counts, texts, count('Ignored') - texts));
}
if (options.survivors)
  for (const mutant of results.flatMap(({ mutants }) => mutants))
    if (mutant.status === 'Timeout' || isLeft(mutant)) say(mutant);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
process.exitCode = missed ? 1 : 0;

function say({ file, line, column, mutator, replacement, status }: Mutant): void {
  const source = readFileSync(join(PROJECT, file), 'utf8').split('\n')[line - 1]!.trim();
  console.log(
    `\n${file}:${line}:${column} ${status} ${mutator}\n  ${source}\n  -> ${replacement.replace(/\s+/g, ' ').slice(0, 160)}`,
  );
}

function row(name: string, ...cells: (string | number)[]): string {
  return name.padEnd(10) + cells.map((cell) => String(cell).padStart(11)).join('');
}
