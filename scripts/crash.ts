import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { crashRun } from './crash/harness.ts';

const killsOf = (text: string): number => {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('between 1 and 9,999.');
};

const { kills, json } = new Command('crash')
  .description('Kills the suite with SIGKILL at random moments under load, then audits the books.')
  .option('--kills <count>', 'how often', killsOf, 100)
  .option('--json <file>', 'where to write the result')
  .parse()
  .opts<{ kills: number; json?: string }>();

const result = await crashRun({ kills, say: (line) => console.error(line) });
console.log(JSON.stringify({ ...result, complaints: result.complaints.slice(0, 20) }, null, 2));
if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
process.exitCode = result.complaints.length === 0 ? 0 : 1;
