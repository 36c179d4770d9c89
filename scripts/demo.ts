import { readFile, writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { runDemo } from './demo/run.ts';
import { summaryOf } from './demo/summary.ts';
import { readTrace, TraceUnreadable } from './demo/trace.ts';

const tenantsOf = (text: string): number => {
  if (/^[1-9][0-9]{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('between 1 and 999 tenants.');
};

const options = new Command('demo')
  .description('Bills a trace of real requests on an empty temporary store and proves the bill.')
  .option(
    '--trace <file>',
    'CSV with the columns TIMESTAMP,ContextTokens,GeneratedTokens (UTC)',
    'scripts/demo/sample.csv',
  )
  .option('--tenants <count>', 'row i of the trace belongs to tenant i mod count', tenantsOf, 8)
  .option('--json <file>', 'where to write the figures')
  .parse()
  .opts<{ trace: string; tenants: number; json?: string }>();

const say = (line: string): void => console.error(line);

try {
  const rows = readTrace(await readFile(options.trace, 'utf8'));
  say(`${rows.length} requests from ${rows[0]!.time} on`);
  const { result, disagreements } = await runDemo({ rows, tenants: options.tenants, say });
  console.log(summaryOf(result));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
  for (const line of disagreements) console.error(`DISAGREES: ${line}`);
  process.exitCode = disagreements.length === 0 ? 0 : 1;
} catch (error) {
  const isInput =
    error instanceof TraceUnreadable || (error instanceof Error && 'code' in error && error.code === 'ENOENT');
  console.error(isInput ? (error as Error).message : error);
  process.exitCode = isInput ? 2 : 1;
}
