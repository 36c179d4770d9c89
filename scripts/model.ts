import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { type Checked, check, missingTools } from './model/checker.ts';
import { CONFIGURATIONS, type Configuration, MUTANTS, type Mutant } from './model/configurations.ts';
import { lineOf, neverReached, TITLES } from './model/report.ts';

const countOf = (text: string): number => {
  if (/^[1-9][0-9]{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('between 1 and 99,999.');
};

const options = new Command('model')
  .description(
    'Checks every state of the protocol’s model (test/model) with Spin, and that each deliberate mistake is rejected. Exit status 0 when all holds, 1 when something does not or a mistake survives, 2 when a tool is missing.',
  )
  .option('--full', 'the long form as well: more faults, more of each at once', false)
  .option('--only <name>', 'the configurations and mutants of this name')
  .option('--jobs <count>', 'how many run at once', countOf, 1)
  .option('--memory <megabytes>', 'what one run may take', countOf, 6000)
  .option('--seconds <count>', 'how long one run may take', countOf, 3600)
  .option('--json <file>', 'where to write the result')
  .parse()
  .opts<{ full: boolean; only?: string; jobs: number; memory: number; seconds: number; json?: string }>();

const missing = missingTools();
if (missing.length > 0) {
  console.error(`not here: ${missing.join(', ')} (Debian: apt-get install spin gcc)`);
  process.exit(2);
}

const isWanted = ({ name }: { name: string }): boolean => options.only === undefined || name === options.only;
const isDue = (one: { name: string; full?: true }): boolean =>
  isWanted(one) && (options.full || options.only !== undefined || one.full !== true);
const held = CONFIGURATIONS.filter(isDue);
const mutants = MUTANTS.filter(isDue);
if (held.length + mutants.length === 0) {
  console.error(`nothing is called ${options.only}`);
  process.exit(2);
}

const limits = { memoryMegabytes: options.memory, limitSeconds: options.seconds };
const results: { kind: string; name: string; flags: readonly string[]; ok: boolean; checked: Checked }[] = [];
const work = [...held.map((one) => () => tryOne(one)), ...mutants.map((one) => () => tryMutant(one))];
console.log(TITLES);
await Promise.all(
  Array.from({ length: options.jobs }, async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) await next();
  }),
);

for (const statement of neverReached(results.filter(({ kind }) => kind === 'holds')))
  console.log(`never reached: ${statement}`);
const bad = results.filter(({ ok }) => !ok);
console.log(
  `${held.length} configurations, ${mutants.length} mutants: ${bad.length === 0 ? 'as they should be' : `not as they should be: ${bad.map(({ name }) => name).join(', ')}`}`,
);
if (options.json !== undefined) {
  const plain = results.map(({ checked: { unreached, ...rest }, ...one }) => ({
    ...one,
    ...rest,
    unreached: Object.fromEntries(unreached),
  }));
  await writeFile(options.json, `${JSON.stringify(plain, null, 2)}\n`);
}
process.exitCode = bad.length === 0 ? 0 : 1;

async function tryOne({ name, flags, bitstate, full }: Configuration): Promise<void> {
  const checked = await check({ flags, bitstate: bitstate === true, isLong: full === true, ...limits });
  // What was not seen whole is said so; only an error makes it fail.
  const ok = checked.violated === undefined && (checked.exhaustive || options.full);
  results.push({ kind: 'holds', name, flags, ok, checked });
  console.log(lineOf(name, checked, checked.violated ?? 'holds'));
}

async function tryMutant({ name, flags, rejectedBy }: Mutant): Promise<void> {
  const checked = await check({ flags, ...limits });
  const ok = checked.violated !== undefined && rejectedBy.includes(checked.violated);
  results.push({ kind: 'rejected', name: `mutant ${name}`, flags, ok, checked });
  console.log(lineOf(`mutant ${name}`, checked, `${ok ? 'rejected' : 'SURVIVES'}: ${checked.violated ?? 'nothing'}`));
}
