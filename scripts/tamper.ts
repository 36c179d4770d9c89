import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { ATTACKS, NOT_CAUGHT } from './tamper/attacks.ts';
import { CLASSES, laboratory } from './tamper/run.ts';

const whole = (text: string): number => {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1.');
};
const known = (text: string): string => {
  if (CLASSES.includes(text)) return text;
  throw new InvalidArgumentError(`one of ${CLASSES.join(', ')}.`);
};

const { cases, seed, only, json } = new Command('tamper')
  .description('Attacks stored state, copies, seals and bundles, and sees that each attack is found where it was made.')
  .option('--cases <count>', 'of each class', whole, 5)
  .option('--seed <number>', 'the same seed plays the same attacks', whole, 1)
  .option('--only <class>', 'one class', known)
  .option('--json <file>', 'where to write the results')
  .parse()
  .opts<{ cases: number; seed: number; only?: string; json?: string }>();

const results = await laboratory({ cases, seed, only, say: (line) => console.log(line) });
const wrong = results.flatMap(({ complaints }) => complaints);
const played = results.reduce((sum, result) => sum + result.cases, 0);
console.log(`\n${played} cases of ${results.length} classes, ${wrong.length} wrong. Seed ${seed}.`);
if (only === undefined) {
  for (const { number, title, outside } of ATTACKS)
    if (outside !== undefined) console.log(`not played: ${number}, ${title}: ${outside}`);
  for (const limit of NOT_CAUGHT) console.log(`not caught: ${limit}`);
}
if (json !== undefined) await writeFile(json, `${JSON.stringify({ seed, cases, results }, null, 2)}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
