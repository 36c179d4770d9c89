import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { machine, rounded, shown } from './bench/figures.ts';
import { numberOf, wholeOf } from './bench/options.ts';
import { soak } from './bench/parts/soak.ts';
import { exitOnSignals } from './bench/suite/children.ts';
import { runErrand } from './support/errand.ts';

interface Options {
  readonly minutes: number;
  readonly warmupSeconds: number;
  readonly rate: number;
  readonly batchRate: number;
  readonly batchEvents: number;
  readonly windowSeconds: number;
  readonly tenants: number;
  readonly connections: number;
  readonly pin?: number;
  readonly maxSlope: number;
  readonly maxDrift: number;
  readonly json?: string;
}

const options = new Command('soak')
  .description(
    'Keeps the suite under a constant rate of single events and batches, and looks for memory that grows and answers that slow down. Audits every event; beyond a limit it exits 1.',
  )
  .option('--minutes <minutes>', 'how long, after the warm-up', numberOf, 30)
  .option('--warmup-seconds <seconds>', 'before anything is judged', numberOf, 60)
  .option('--rate <rate>', 'single requests a second: half the knee that the bench finds', numberOf, 1000)
  .option('--batch-rate <rate>', 'batches a second', numberOf, 2)
  .option('--batch-events <count>', 'events of a batch', wholeOf, 500)
  .option('--window-seconds <seconds>', 'between two lines', numberOf, 10)
  .option('--tenants <count>', 'organizations that send usage', wholeOf, 50)
  .option('--connections <count>', 'of each kind of request', wholeOf, 256)
  .option('--pin <core>', 'the one core that the load generator may use', wholeOf)
  .option('--max-slope <megabytes>', 'that memory may grow each minute, over the second half', numberOf, 1)
  .option('--max-drift <percent>', 'that p99 of the last third may be above that of the first', numberOf, 10)
  .option('--json <file>', 'where to write everything, each line included')
  .parse()
  .opts<Options>();

exitOnSignals();
await runErrand(async () => {
  const { maxSlope, maxDrift, json } = options;
  const result = await soak({ ...options, pin: options.pin, say: (line) => console.log(line) });
  const { rssSlope, p99, peakRssBytes, suiteMicrosPerEvent, audit } = result;
  console.log(
    `RSS grows by ${rounded(rssSlope.secondHalf)} MB a minute over the second half (limit ${maxSlope}), ${rounded(rssSlope.all)} over all; peak ${shown(peakRssBytes / 1e6)} MB`,
  );
  console.log(
    `p99 of single requests: ${rounded(p99.first)} ms in the first third, ${rounded(p99.last)} ms in the last, ${shown(p99.driftPercent, 1)} % more (limit ${maxDrift})`,
  );
  console.log(`${rounded(suiteMicrosPerEvent)} CPU µs per event; ${shown(audit.charges)} receipts audited`);
  const complaints = [
    ...audit.complaints,
    ...(rssSlope.secondHalf > maxSlope ? ['memory grows faster than the limit'] : []),
    ...(p99.driftPercent > maxDrift ? ['answers slow down by more than the limit'] : []),
  ];
  console.log(`${complaints.length} complaints`);
  for (const complaint of complaints.slice(0, 50)) console.log(`  ${complaint}`);
  const figures = { date: new Date().toISOString(), machine: machine(), options, ...result, complaints };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(figures, null, 2)}\n`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
});
