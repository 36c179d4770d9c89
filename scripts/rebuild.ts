import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { SqliteDatabase } from '../shared/adapters/database/sqlite.ts';
import { SystemClock } from '../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../shared/adapters/local/entropy.ts';
import { PinnedUnreadable, readPinned } from '../shared/domain/evidence/pinned.ts';
import { readConfig } from '../shared/edge/config.ts';
import { createLog } from '../shared/edge/log.ts';
import type { Database } from '../shared/ports/database.ts';
import { TABLES } from '../shared/stores/tables.ts';
import { openLocalPorts } from '../shared/wiring/local-ports.ts';
import type { Base, PortName, Ports } from '../shared/wiring/ports.ts';
import { differencesBetween } from './rebuild/compare.ts';
import { type Rebuilt, rebuild } from './rebuild/rebuild.ts';
import { RebuildRefused, type RebuildRoom } from './rebuild/room.ts';
import { runErrand } from './support/errand.ts';

interface Options {
  readonly pinned: string;
  readonly account: readonly string[];
  readonly newSalts?: true;
  readonly compare?: string;
  readonly json?: string;
}

const options = new Command('rebuild')
  .description(
    'Restores an empty database from mirror and vault alone, verified against keys that you pinned, and says what it came to. Exit 1: refused, with the place that does not fit.',
  )
  .requiredOption('--pinned <file>', 'the ledger and its JWKS, as for verifying; from elsewhere than mirror and vault')
  .option(
    '--account <file>',
    'account document newer than the last registry in the vault; may be given again',
    (file: string, before: readonly string[]) => [...before, file],
    [],
  )
  .option(
    '--new-salts',
    'go on where the key to the salts is lost: open periods count values that they have seen once more',
  )
  .option('--compare <folder>', 'a store whose database is whole: say every row that money rests on and that differs')
  .option('--json <file>', 'where to write the figures')
  .parse()
  .opts<Options>();

await runErrand(async () => {
  const config = readConfig(process.env);
  const clock = new SystemClock();
  const pinned = await readPinned(await readJson(options.pinned));
  const accounts = await Promise.all(options.account.map(readJson));
  const base = { config, clock, entropy: new SystemEntropy(), log: createLog(config.logLevel, clock) };
  const { ports, close } = config.platform === 'cloud' ? await openCloud(base) : await openEmbedded(base);
  const { ledgerOrigin, hotWindowDays } = config;
  const room: RebuildRoom = { ...ports, clock, entropy: base.entropy, ledgerOrigin, hotWindowDays };
  try {
    const began = performance.now();
    const newSalts = options.newSalts === true;
    const rebuilt = await rebuild(room, { pinned, accounts, newSalts, say: (line) => console.log(line) });
    await report(rebuilt, (performance.now() - began) / 1000);
    if (options.compare !== undefined) await compare(ports.database, options.compare);
  } catch (error) {
    if (!(error instanceof RebuildRefused || error instanceof PinnedUnreadable)) throw error;
    console.error(`refused: ${error.message}`);
    console.error('the database holds a part now, or held one before: empty it before the next try');
    process.exitCode = 1;
  } finally {
    await close();
  }
});

interface OpenPorts {
  readonly ports: Ports;
  readonly close: () => Promise<void>;
}

// Loaded only here: Google's clients take a second to import, and an embedded store needs none of them.
async function openCloud(base: Base): Promise<OpenPorts> {
  const { openCloudPorts } = await import('../shared/wiring/cloud-platform.ts');
  const { ALL_PORTS } = await import('../shared/wiring/cloud/all.ts');
  return openCloudPorts<PortName>(base, ALL_PORTS);
}

function openEmbedded(base: Base): Promise<OpenPorts> {
  return openLocalPorts({ ...base, deliver: () => Promise.reject(new Error('errands deliver no messages')) });
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

async function report(rebuilt: Rebuilt, seconds: number): Promise<void> {
  const sum = (count: (one: Rebuilt['tenants'][number]) => number): number =>
    rebuilt.tenants.reduce((all, one) => all + count(one), 0);
  const entries = sum((one) => one.entries);
  const unsealed = sum((one) => one.unsealed);
  const perSecond = Math.round(entries / seconds);
  console.log(
    `${rebuilt.tenants.length} organizations, ${entries} entries, ${sum((one) => one.invoices)} invoices, ${sum((one) => one.evidence)} with evidence in the vault, ${rebuilt.seals} seals, ${rebuilt.apiKeys} API keys`,
  );
  if (unsealed > 0)
    console.log(`${unsealed} of the entries no seal covers yet: chain and rules hold, no signature does`);
  console.log(`organizations and keys as of ${rebuilt.registryAt === '' ? 'no registry' : rebuilt.registryAt}`);
  console.log(`${seconds.toFixed(1)} s, ${perSecond} entries/s`);
  console.log(
    'Not in mirror or vault, so not here: usage that was accepted and was no receipt yet (restore the database’s own backup beside this one to see it), what senders sent, and list cursors.',
  );
  if (options.json !== undefined) {
    const figures = { ...rebuilt, entries, unsealed, seconds, entries_per_second: perSecond };
    await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
}

async function compare(ours: Database, folder: string): Promise<void> {
  const theirs = SqliteDatabase.open(join(folder, 'store.db'), TABLES);
  try {
    const found = await differencesBetween(ours, theirs);
    for (const row of found.slice(0, 100)) console.log(`differs: ${row}`);
    console.log(found.length === 0 ? `every row is as in ${folder}` : `${found.length} rows differ from ${folder}`);
    if (found.length > 0) process.exitCode = 1;
  } finally {
    await theirs.close();
  }
}
