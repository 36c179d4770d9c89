import { hostname } from 'node:os';
import { Command } from 'commander';
import { ChangeRefused } from '../shared/adapters/database/catalogue-changes.ts';
import { type MigrationRoom, migrate, missingMigrations } from '../shared/adapters/database/migration-runner.ts';
import {
  fileName,
  MigrationRefused,
  nextMigration,
  readMigrations,
  writeMigration,
} from '../shared/adapters/database/migrations.ts';
import { SpannerDatabase } from '../shared/adapters/database/spanner.ts';
import { SpannerAdmin } from '../shared/adapters/database/spanner-admin.ts';
import type { SpannerPlace } from '../shared/adapters/database/spanner-client.ts';
import { SystemClock } from '../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../shared/adapters/local/entropy.ts';
import { BadInput, TryAgain } from '../shared/domain/errors.ts';
import { ConfigWrong, readConfig, VARIABLES } from '../shared/edge/config.ts';
import { TABLES } from '../shared/stores/tables.ts';
import { runErrand } from './support/errand.ts';

interface Options {
  readonly generate?: string;
  readonly contract?: true;
  readonly dryRun?: true;
  readonly create?: true;
  readonly instance?: string;
  readonly database?: string;
}

const options = new Command('migrate')
  .description(
    'Brings a Spanner database to the present catalogue of tables: applies the migrations it has not seen, in order. Doing it again does nothing. The embedded store needs no such thing.',
  )
  .option('--dry-run', 'say what would be applied, and apply nothing')
  .option('--create', 'on an emulator: make instance and database first, where they are missing')
  .option('--instance <id>', `instead of ${VARIABLES.spannerInstance.name}`)
  .option('--database <id>', `instead of ${VARIABLES.spannerDatabase.name}`)
  .option('--generate <name>', 'write the next migration from the catalogue; connects to nothing')
  .option('--contract', 'with --generate: the migration may take away what no running function uses any more')
  .parse()
  .opts<Options>();

/** Shuts the process down only when the work is done: the pause between two attempts keeps no process alive by itself. */
const alive = setInterval(() => undefined, 60_000);

await runErrand(async () => {
  try {
    if (options.generate !== undefined) generate(options.generate);
    else await apply();
  } catch (error) {
    const isTheirs = error instanceof MigrationRefused || error instanceof ChangeRefused || error instanceof TryAgain;
    if (!isTheirs) throw error;
    console.error(error.message);
    process.exitCode = error instanceof TryAgain ? 75 : 2;
  }
});
clearInterval(alive);

function generate(name: string): void {
  const next = nextMigration(readMigrations(), TABLES, { name, contract: options.contract === true });
  console.log(
    next === undefined ? 'the catalogue is what the last migration left' : `written: ${writeMigration(next)}`,
  );
}

async function apply(): Promise<void> {
  if (options.contract === true) throw new BadInput('invalid_parameter', '--contract goes with --generate');
  const migrations = readMigrations();
  const place = placeOf(options);
  const clock = new SystemClock();
  const entropy = new SystemEntropy();
  const engine = SpannerAdmin.open(place);
  const database = await SpannerDatabase.open({ ...place, transactionsMax: 1, clock, entropy });
  try {
    if (options.create === true) await engine.create();
    const holder = `${hostname()}, process ${process.pid}, ${Buffer.from(entropy.bytes(4)).toString('hex')}`;
    const room: MigrationRoom = { database, engine, clock, holder };
    const where = `projects/${place.project}/instances/${place.instance}/databases/${place.database}`;
    if (options.dryRun === true) {
      const missing = await missingMigrations(room, migrations);
      for (const migration of missing) {
        console.log(`${fileName(migration)} would be applied:`);
        for (const { sql } of migration.steps) console.log(`  ${sql}`);
      }
      if (missing.length === 0) console.log(`${where} needs no migration`);
      return;
    }
    const done = await migrate(room, migrations);
    for (const file of done) console.log(`${file} is applied`);
    console.log(`${where} is up to date`);
  } finally {
    await database.close();
    await engine.close();
  }
}

/** Spanner is all that this errand needs, so the platform's other variables may be missing. @throws ConfigWrong */
function placeOf({ instance, database }: Options): SpannerPlace {
  const config = readConfig({ ...process.env, [VARIABLES.platform.name]: 'embedded' });
  const place = {
    project: config.project,
    instance: instance ?? config.spannerInstance,
    database: database ?? config.spannerDatabase,
  };
  const complaints = [
    ...(place.project === '' ? [VARIABLES.project] : []),
    ...(place.instance === '' ? [VARIABLES.spannerInstance] : []),
  ].map(({ name, meaning }) => `${name}: ${meaning}`);
  if (complaints.length > 0) throw new ConfigWrong(complaints);
  return config.spannerEmulator === '' ? place : { ...place, emulatorHost: config.spannerEmulator };
}
