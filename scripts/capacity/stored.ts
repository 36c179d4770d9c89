import { Fraction, sumOf } from './fraction.ts';
import type { OperationRun } from './inputs.ts';
import type { Supposed } from './supposed.ts';

/** What a receipt takes in one place, and for how long. */
export interface Stored {
  readonly store: 'database' | 'mirror' | 'vault';
  readonly what: string;
  /** bytes per receipt while they are there */
  readonly bytes: Fraction;
  /** how long each receipt's bytes are there */
  readonly kept: Fraction;
  /** the same and how long what is deleted is kept as a version */
  readonly days: Fraction;
  /** bytes per receipt that are left once the hot window is over */
  readonly after: Fraction;
}

/**
 * How long rows of the tables that grow with usage stay: the names of assumptions, which are added up, or as long as the ledger.
 * Rows of other tables grow with customers and time; the few bytes that they have in a short run must not be multiplied by events.
 */
export const KEPT: Readonly<Record<string, readonly string[] | 'ledger'>> = {
  dedupe: ['lateness_days', 'dedupe_margin_days'],
  batches: ['hot_window_days'],
  waiting: [],
  unrolled: [],
  usage_rollups: ['usage_summary_days'],
  usage_values: ['usage_summary_days'],
  usage_salts: ['usage_summary_days'],
  pages: ['hot_window_days'],
  tree_nodes: 'ledger',
  seen_values: 'ledger',
  corrections: 'ledger',
};
/** What each seal adds to: its record, signature and the heads of all customers. */
export const SEALED = { spanner: ['seals'], storage: ['heads', 'seals'] } as const;
/** A segment's end is counted with the segments, which hold what usage wrote. */
const OF_USAGE_IN_VAULT = 'segments';

/** Every place where a receipt's bytes lie, database first. */
export function storedPlaces({ stored_bytes }: OperationRun, supposed: Supposed): Stored[] {
  const window = supposed('hot_window_days');
  const forEver = supposed('ledger_years').times(Fraction.of(365));
  const place = (
    store: Stored['store'],
    what: string,
    bytes: Fraction,
    kept: Fraction,
    versions: Fraction,
  ): Stored => ({
    store,
    what,
    bytes,
    kept,
    days: kept.plus(versions),
    after: kept.isMoreThan(window) ? bytes : Fraction.ZERO,
  });
  const tables = Object.entries(allOf(stored_bytes.spanner)).flatMap(([table, bytes]) => {
    const names = KEPT[table];
    if (names === undefined) return [];
    const kept = names === 'ledger' ? forEver : sumOf(names.map(supposed));
    return [place('database', table, Fraction.of(bytes), kept, supposed('version_days'))];
  });
  const mirrored = Fraction.of(stored_bytes.firestore.hot_window['pages'] ?? 0);
  const segments = Fraction.of(stored_bytes.storage.for_ever[OF_USAGE_IN_VAULT] ?? 0);
  return [
    ...tables,
    place('mirror', 'pages', mirrored, window, supposed('version_days')),
    place('vault', 'segments', segments, forEver, Fraction.ZERO),
    place('vault', 'evidence bundles', supposed('evidence_bytes'), forEver, Fraction.ZERO),
  ];
}

const allOf = (stays: OperationRun['stored_bytes']['spanner']): Record<string, number> =>
  Object.assign({}, ...Object.values(stays));

/** Bytes per event of the run in tables that grow neither with usage nor with seals, which no bill counts. */
export const uncounted = ({ stored_bytes }: OperationRun): Fraction =>
  sumOf(
    Object.entries(allOf(stored_bytes.spanner))
      .filter(([table]) => !(table in KEPT) && !(SEALED.spanner as readonly string[]).includes(table))
      .map(([, bytes]) => Fraction.of(bytes)),
  );

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

/** The same without what is kept as versions alone: a backup holds one version of each row. */
export const bytesInForce = (places: readonly Stored[], held: Held): Fraction =>
  sumOf(places.map(({ bytes, kept }) => bytes.times(held(kept))));
