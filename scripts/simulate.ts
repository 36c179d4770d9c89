import { readFile, writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { runCampaign } from './simulation/campaign.ts';
import { LANES, type Lane } from './simulation/choosers.ts';
import { PASSES, type Pass, runExhaustive } from './simulation/exhaustive.ts';
import { huntMutants, isFound } from './simulation/mutants.ts';
import { printCampaign, printExhaustive, printMutant, replay, shrinkFailures } from './simulation/report.ts';
import { LIMITS, type Limits } from './simulation/scenario.ts';

const count = (text: string): number => {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1 on.');
};

interface Options {
  readonly seed: number;
  readonly schedules: number;
  readonly lane?: Lane;
  readonly limits?: Limits;
  readonly workers: number;
  readonly json?: string;
  readonly trace?: number;
  readonly replay?: string;
  readonly exhaustive?: Pass;
  readonly stride: number;
  readonly mutants?: boolean;
  readonly eachLane?: boolean;
  readonly only?: readonly string[];
}

const options = new Command('simulate')
  .description(
    'Runs the stories over simulated ports in many orders and with many failures, and compares the books with what was sent. Exit status 0 when every promise was kept.',
  )
  .option('--seed <number>', 'the first seed', count, 1)
  .option('--schedules <count>', 'runs, shared out among lanes and limits', count, 50_000)
  .addOption(new Option('--lane <lane>', 'A: everything fails; B: nothing that only a sweep mends').choices(LANES))
  .addOption(new Option('--limits <limits>', 'how much may be used').choices(LIMITS))
  .option('--workers <count>', 'threads', count, 2)
  .option('--json <file>', 'where to write the result')
  .option('--trace <seed>', 'print one run step by step; lane A and loose limits unless said', count)
  .option('--replay <file>', 'make a failure again that an earlier run has written down')
  .addOption(
    new Option('--exhaustive <pass>', 'every failure of a canonical story, alone or with every later one').choices(
      PASSES,
    ),
  )
  .option('--stride <count>', 'with --exhaustive: only every so-manieth second failure', count, 1)
  .option('--mutants', 'break the rules one by one in a copy of the sources and see who finds it')
  .option('--each-lane', 'with --mutants: each lane looks for itself; otherwise both by turns, until one has found it')
  .option('--only <words...>', 'with --mutants: those whose title has one of these')
  .parse()
  .opts<Options>();

const { seed, schedules, lane, limits, workers, json } = options;
if (options.trace !== undefined) {
  const ok = await replay({ seed: options.trace, lane: lane ?? 'A', limits: limits ?? 'loose' }, console.log);
  process.exitCode = ok ? 0 : 1;
} else if (options.replay !== undefined) {
  const failure = JSON.parse(await readFile(options.replay, 'utf8')) as Parameters<typeof replay>[0];
  process.exitCode = (await replay(failure, console.log)) ? 0 : 1;
} else if (options.exhaustive !== undefined) {
  const result = await runExhaustive(options.exhaustive, options.stride, workers);
  process.exitCode = printExhaustive(result, console.log) ? 0 : 1;
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
} else if (options.mutants === true) {
  // A mistake has to show within a hundredth of the usual runs.
  const results = await huntMutants({
    ...{
      seed,
      workers,
      schedules: Math.floor(schedules / 100),
      only: options.only ?? [],
      isEach: options.eachLane === true,
    },
    onResult: (result) => printMutant(result, console.log),
  });
  const missing = results.filter((result) => !isFound(result));
  console.log(`${results.length} mutants, ${results.length - missing.length} found`);
  process.exitCode = missing.length === 0 && results.length > 0 ? 0 : 1;
} else {
  const lanes: readonly Lane[] = lane === undefined ? LANES : [lane];
  const result = await runCampaign({
    ...{ seed, schedules, lanes, workers },
    limits: limits === undefined ? LIMITS : [limits],
    say: (line) => console.error(line),
  });
  const isKept = printCampaign(result, lanes, console.log);
  await shrinkFailures(result.failures, console.log);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = isKept ? 0 : 1;
}
