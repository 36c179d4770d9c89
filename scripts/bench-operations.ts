import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { stopEmulators } from '../test/support/emulators.ts';
import { ACCEPT, forgottenLoads, GOLDEN, GOLDEN_TABLE, movedCounts, readGolden } from './bench/operations/golden.ts';
import { report } from './bench/operations/report.ts';
import { type Run, run } from './bench/operations/run.ts';
import { LOADS, nameOf } from './bench/operations/workload.ts';
import { runErrand } from './support/errand.ts';

const { json, golden: accept } = new Command('bench-operations')
  .description(
    'Counts what usage asks of Spanner, Pub/Sub, Firestore, Cloud KMS and Cloud Storage, on the official emulators and doubles. Counts, not times: the same in every run.',
  )
  .option('--json <file>', 'where to write the counts')
  .option('--golden', 'keep the counts as those to compare with')
  .parse()
  .opts<{ json?: string; golden?: true }>();

await runErrand(async () => {
  const runs: Run[] = [];
  try {
    for (const load of LOADS) {
      console.error(`# ${nameOf(load)}`);
      runs.push(await run(load));
    }
  } finally {
    await stopEmulators();
  }
  // The short one of single events is there for the tests.
  const table = report(runs.slice(1));
  for (const line of table) console.log(line);
  const text = `${JSON.stringify({ runs }, null, 2)}\n`;
  if (json !== undefined) await writeFile(json, text);
  console.log('');
  if (accept) {
    await writeFile(GOLDEN, text);
    await writeFile(GOLDEN_TABLE, `${table.join('\n')}\n`);
    console.log('kept as docs/measurements/operations.json and operations.txt');
    return;
  }
  const golden = await readGolden();
  const moved = [...runs.flatMap((each) => movedCounts(golden, each)), ...forgottenLoads(golden, LOADS)];
  if (moved.length === 0) {
    console.log('the same as docs/measurements/operations.json');
    return;
  }
  for (const line of moved) console.log(line);
  console.log(
    `counts that are not those of docs/measurements/operations.json: ${moved.length}; ${ACCEPT} accepts them`,
  );
  process.exitCode = 1;
});
