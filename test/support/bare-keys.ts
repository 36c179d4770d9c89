import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { Database } from '../../shared/ports/database.ts';
import type { KeyWrapper } from '../../shared/ports/key-wrapper.ts';
import { PersonalData } from '../../shared/stores/personal-data.ts';

/** Wraps nothing: for stores that are tried without a key service. */
const bare: KeyWrapper = {
  wrap: async (bytes) => ({ bytes, by: 'nobody' }),
  unwrap: async ({ bytes }) => bytes,
};

export const bareKeys = (database: Database): PersonalData =>
  new PersonalData(
    database,
    bare,
    new SeededEntropy('keys'),
    new ManualClock(parseInstant('2026-01-01T00:00:00Z', 'test')),
  );
