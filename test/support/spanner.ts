import { randomBytes } from 'node:crypto';
import { readMigrations } from '../../shared/adapters/database/migrations.ts';
import { SpannerAdmin } from '../../shared/adapters/database/spanner-admin.ts';
import { schemaDdl } from '../../shared/adapters/database/spanner-schema.ts';
import type { AnyTable } from '../../shared/ports/database.ts';
import { emulatorHost } from './emulators.ts';

export interface SpannerTestDatabase {
  readonly project: string;
  readonly instance: string;
  readonly database: string;
  /** of the emulator, as host:port */
  readonly host: string;
  drop(): Promise<void>;
}

const PLACE = { project: 'tallystick-test', instance: 'test' } as const;

/**
 * A database of its own on an emulator, one per test file: the emulator runs one read-write transaction per database.
 * @param tables what it holds; without them, what all migrations make
 * @param host of another emulator than the one that this run's suites share
 */
export async function spannerDatabase(tables?: readonly AnyTable[], host?: string): Promise<SpannerTestDatabase> {
  const place = {
    ...PLACE,
    database: `t-${randomBytes(8).toString('hex')}`,
    emulatorHost: host ?? (await emulatorHost('spanner')),
  };
  const statements =
    tables === undefined ? readMigrations().flatMap(({ steps }) => steps.map(({ sql }) => sql)) : schemaDdl(tables);
  const admin = SpannerAdmin.open(place);
  await admin.create(statements);
  return {
    ...PLACE,
    database: place.database,
    host: place.emulatorHost,
    drop: async () => {
      await admin.drop();
      await admin.close();
    },
  };
}
