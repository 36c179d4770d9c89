import { Fraction, sumOf } from './fraction.ts';
import type { OperationRun } from './inputs.ts';
import type { Supposed } from './supposed.ts';

/** What a receipt takes in one place, and for how long. */
export interface Stored {
  readonly store: 'database' | 'mirror' | 'vault';
  readonly what: string;
  /** bytes per receipt while they are there */
  readonly bytes: Fraction;
  /** how long each receipt's bytes are there, what is deleted but kept as a version included */
  readonly days: Fraction;
  /** bytes per receipt that are left once the hot window is over */
  readonly after: Fraction;
}

/**
 * How long rows of a table stay, by the names of assumptions that are added up. A table that is not named here stays as long as
 * the ledger: the dear side of a doubt.
 */
export const KEPT: Readonly<Record<string, readonly string[]>> = {
  dedupe: ['lateness_days', 'dedupe_margin_days'],
  batches: ['hot_window_days'],
  pages: ['hot_window_days'],
  usage_rollups: ['usage_summary_days'],
  usage_values: ['usage_summary_days'],
  idempotency_keys: ['lateness_days'],
  audit_log: [],
  waiting: ['no_days'],
  unrolled: ['no_days'],
};

/** Every place where a receipt's bytes lie, database first. */
export function storedPlaces({ stored_bytes }: OperationRun, supposed: Supposed): Stored[] {
  const window = supposed('hot_window_days');
  const forEver = supposed('ledger_years').times(Fraction.of(365));
  const place = (store: Stored['store'], what: string, bytes: Fraction, kept: Fraction, versions: Fraction): Stored => {
    const stays = !window.isMoreThan(kept) && !kept.equals(window);
    return { store, what, bytes, days: kept.plus(versions), after: stays ? bytes : Fraction.ZERO };
  };
  const tables = Object.entries(stored_bytes.spanner).map(([table, bytes]) => {
    const names = KEPT[table] ?? [];
    const kept =
      names.length === 0 ? forEver : sumOf(names.map((name) => (name === 'no_days' ? Fraction.ZERO : supposed(name))));
    return place('database', table, Fraction.of(bytes), kept, supposed('version_days'));
  });
  return [
    ...tables,
    place('mirror', 'pages', Fraction.of(stored_bytes.firestore), window, supposed('version_days')),
    place('vault', 'segments, seals', Fraction.of(stored_bytes.storage), forEver, Fraction.ZERO),
    place('vault', 'evidence bundles', supposed('evidence_bytes'), forEver, Fraction.ZERO),
  ];
}

/** How many receipts are there that are at most so many days old. */
export type Held = (days: Fraction) => Fraction;

/** An even flow. @param events of a day @param age days since it began: nothing has lain longer */
export const steadily =
  (events: Fraction, age: Fraction): Held =>
  (days) =>
    events.times(days.isMoreThan(age) ? age : days);

/** Bytes that lie in some places together. */
export const bytesHeld = (places: readonly Stored[], held: Held): Fraction =>
  sumOf(places.map(({ bytes, days }) => bytes.times(held(days))));
