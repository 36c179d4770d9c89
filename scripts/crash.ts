import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { exitOnSignals } from './bench/suite/children.ts';
import { clockJumpsRun } from './crash/clock-jumps.ts';
import { diskFullRun } from './crash/disk-full.ts';
import { killsRun } from './crash/kills.ts';
import { readOnlyRun } from './crash/read-only.ts';
import { workersRun } from './crash/workers.ts';

const timesOf = (text: string): number => {
  if (/^(?:0|[1-9][0-9]{0,3})$/.test(text)) return Number(text);
  throw new InvalidArgumentError('between 0 and 9,999.');
};

interface Options {
  readonly kills?: number;
  readonly workers?: number;
  readonly diskFull?: true;
  readonly readOnly?: true;
  readonly clockJumps?: true;
  readonly json?: string;
}

const options = new Command('crash')
  .description('Harms the suite under load in the ways that are named, then audits the books; 100 kills where none is.')
  .option('--kills <count>', 'SIGKILL to the whole process at random moments, so often', timesOf)
  .option('--workers <count>', 'ends threads of the running suite at random moments, so often', timesOf)
  .option('--disk-full', 'takes the room of its disk away, and gives it back')
  .option('--read-only', 'starts it on a store that cannot be written')
  .option('--clock-jumps', 'sets its clock forwards by hours and back by one, over the end of a period')
  .option('--json <file>', 'where to write the result')
  .parse()
  .opts<Options>();

exitOnSignals();
const say = (line: string): void => console.error(line);
const named = { ...options, json: undefined };
const kills = Object.values(named).every((value) => value === undefined) ? 100 : (options.kills ?? 0);
const result = {
  ...(kills > 0 && { kills: await killsRun({ times: kills, say }) }),
  ...((options.workers ?? 0) > 0 && { workers: await workersRun({ times: options.workers!, say }) }),
  ...(options.diskFull && { disk_full: await diskFullRun({ say }) }),
  ...(options.readOnly && { read_only: await readOnlyRun() }),
  ...(options.clockJumps && { clock_jumps: await clockJumpsRun({ say }) }),
};
const shown = Object.entries(result).map(([name, run]) => [name, { ...run, complaints: run.complaints.slice(0, 20) }]);
console.log(JSON.stringify(Object.fromEntries(shown), null, 2));
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
process.exitCode = Object.values(result).every(({ complaints }) => complaints.length === 0) ? 0 : 1;
