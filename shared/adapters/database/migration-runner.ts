import { TryAgain } from '../../domain/errors.ts';
import { type Instant, MICROS_PER_SECOND, plusMicros } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AnyTable, Database, Table } from '../../ports/database.ts';
import type { Step } from './catalogue-changes.ts';
import { differences, type KeptSchema } from './kept-schema.ts';
import { fileName, type Migration, MigrationRefused, migrationDigest } from './migrations.ts';
import { schemaDdl } from './spanner-schema.ts';

/** Applies statements and looks at what is there; `SpannerAdmin` does. */
export interface SchemaEngine {
  apply(statements: readonly string[]): Promise<void>;
  schema(): Promise<KeptSchema>;
}

export interface MigrationRoom {
  readonly database: Database;
  readonly engine: SchemaEngine;
  readonly clock: Clock;
  /** who holds the lease, for the message that others get; unlike any other run's */
  readonly holder: string;
}

const APPLIED = {
  name: 'schema_migrations',
  columns: { number: 'int', name: 'text', digest: 'text', applied_at: 'text' },
  key: ['number'],
  indexes: {},
} as const satisfies AnyTable;
const LEASES = {
  name: 'schema_leases',
  columns: { name: 'text', holder: 'text', expires_at: 'text' },
  key: ['name'],
  indexes: {},
} as const satisfies AnyTable;

const applied: Table<typeof APPLIED.columns> = APPLIED;
const leases: Table<typeof LEASES.columns> = LEASES;

/** Tables of the migrations themselves; in no catalogue, because they are there before any. */
export const BOOKKEEPING: readonly AnyTable[] = [APPLIED, LEASES];

/** A run that was killed keeps others out this long; a living one renews its lease three times in it. */
const LEASE_SECONDS = 60n;
const RENEWAL_MILLISECONDS = 20_000;
const LEASE = 'migrations';

/**
 * Which migrations a database still needs, in order.
 * @throws MigrationRefused where one that was applied is not the file of that number any more
 */
export async function missingMigrations(room: MigrationRoom, migrations: readonly Migration[]): Promise<Migration[]> {
  const kept = await room.engine.schema();
  return kept.has(APPLIED.name) ? unrecorded(room.database, migrations) : [...migrations];
}

async function unrecorded(database: Database, migrations: readonly Migration[]): Promise<Migration[]> {
  const rows = await database.snapshot((view) => view.range(applied, {}));
  for (const [at, row] of rows.entries()) {
    const migration = migrations[at];
    if (migration === undefined || row.number !== at + 1) {
      throw new MigrationRefused(`the database has migration ${row.number} (${row.name}), which is not known here`);
    }
    if (row.digest !== migrationDigest(migration)) {
      throw new MigrationRefused(
        `${fileName(migration)} was changed after it was applied at ${row.applied_at}; changes go into a new migration`,
      );
    }
  }
  return migrations.slice(rows.length);
}

/**
 * Brings a database to where the migrations lead. Running it again does nothing; running it after a kill goes on where that
 * one stopped: what was applied and not yet recorded is found done.
 * @returns the files applied, in order
 * @throws TryAgain while another run is at it, MigrationRefused, Error where the database is not as the migrations say
 */
export async function migrate(room: MigrationRoom, migrations: readonly Migration[]): Promise<string[]> {
  await keepBooks(room);
  const lease = await Lease.take(room);
  try {
    const done: string[] = [];
    for (const migration of await unrecorded(room.database, migrations)) {
      const steps = await stepsToDo(migration, room.engine);
      await room.engine.apply(steps.map(({ sql }) => sql));
      await lease.record(migration);
      done.push(fileName(migration));
    }
    await requireNoDrift(room, migrations);
    return done;
  } finally {
    await lease.release();
  }
}

/** Makes the two tables of its own where they are missing. Two that do so at once do the same. */
async function keepBooks({ engine }: MigrationRoom): Promise<void> {
  const kept = await engine.schema();
  if (BOOKKEEPING.some(({ name }) => !kept.has(name))) await engine.apply(schemaDdl(BOOKKEEPING));
}

/**
 * Most statements say IF (NOT) EXISTS and are simply sent again, which also waits for an index that is still being filled.
 * For the others, which Spanner has no such words for, it must be seen whether they were done before.
 */
const DONE: Partial<Record<Step['does'], (step: Step, kept: KeptSchema) => boolean>> = {
  'drop-column': ({ table, name }, kept) => kept.get(table)?.columns.has(name!) !== true,
  'add-deletion-policy': ({ table }, kept) => kept.get(table)?.deletionPolicy !== undefined,
  'drop-deletion-policy': ({ table }, kept) => kept.get(table)?.deletionPolicy === undefined,
};

async function stepsToDo({ steps }: Migration, engine: SchemaEngine): Promise<readonly Step[]> {
  if (!steps.some(({ does }) => does in DONE)) return steps;
  const kept = await engine.schema();
  return steps.filter((step) => DONE[step.does]?.(step, kept) !== true);
}

/** Somebody may have been at the database by hand: what is there then is not what was tested. */
async function requireNoDrift({ engine }: MigrationRoom, migrations: readonly Migration[]): Promise<void> {
  const found = differences(await engine.schema(), [...(migrations.at(-1)?.catalogue ?? []), ...BOOKKEEPING]);
  if (found.length > 0)
    throw new MigrationRefused(`the database is not what its migrations make:\n  ${found.join('\n  ')}`);
}

/** The right to migrate, for one run at a time. */
class Lease {
  readonly #room: MigrationRoom;
  #cancelRenewal: () => void = () => undefined;
  #renewal: Promise<void> = Promise.resolve();

  private constructor(room: MigrationRoom) {
    this.#room = room;
  }

  /** @throws TryAgain while another run holds it */
  static async take(room: MigrationRoom): Promise<Lease> {
    const { database, clock, holder } = room;
    await database.transact(async (tx) => {
      const row = await tx.read(leases, [LEASE]);
      const now = clock.now();
      if (row !== undefined && row.expires_at > now) {
        throw new TryAgain(
          `${row.holder} is migrating this database; its lease ends at ${row.expires_at}`,
          Number(LEASE_SECONDS),
        );
      }
      tx.upsert(leases, { name: LEASE, holder, expires_at: leaseEnd(now) });
    });
    const lease = new Lease(room);
    lease.#renewLater();
    return lease;
  }

  /** Writes down that a migration was applied, if the lease is still this run's: otherwise another one is at it by now. */
  async record(migration: Migration): Promise<void> {
    const { database, clock } = this.#room;
    await database.transact(async (tx) => {
      const row = await tx.read(leases, [LEASE]);
      if (row?.holder !== this.#room.holder) throw new TryAgain('another run took over this migration');
      const now = clock.now();
      tx.insert(applied, {
        number: migration.number,
        name: migration.name,
        digest: migrationDigest(migration),
        applied_at: now,
      });
      tx.update(leases, [LEASE], { expires_at: leaseEnd(now) });
    });
  }

  async release(): Promise<void> {
    this.#cancelRenewal();
    await this.#renewal;
    await this.#ifMine((tx) => tx.delete(leases, [LEASE]));
  }

  /** Filling an index may take hours; the lease lives as long as its holder does. */
  #renewLater(): void {
    this.#cancelRenewal = this.#room.clock.after(RENEWAL_MILLISECONDS, () => {
      // Where it cannot be renewed it ends, and `record` will tell.
      this.#renewal = this.#ifMine((tx, now) => tx.update(leases, [LEASE], { expires_at: leaseEnd(now) })).catch(
        () => undefined,
      );
      this.#renewLater();
    });
  }

  #ifMine(change: (tx: Parameters<Parameters<Database['transact']>[0]>[0], now: Instant) => void): Promise<void> {
    const { database, clock, holder } = this.#room;
    return database.transact(async (tx) => {
      const row = await tx.read(leases, [LEASE]);
      if (row?.holder === holder) change(tx, clock.now());
    });
  }
}

const leaseEnd = (now: Instant): Instant => plusMicros(now, LEASE_SECONDS * MICROS_PER_SECOND);
