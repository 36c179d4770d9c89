import { Fraction, sumOf } from './fraction.ts';
import type { Supposed } from './supposed.ts';

/** What a schedule of incremental backups keeps, on average. */
export interface Chains {
  /** copies of the whole database */
  readonly fulls: Fraction;
  /** days of changes */
  readonly changedDays: Fraction;
}

/**
 * Spanner begins a chain with a full copy, and a new one when it has `spanner_chain_backups` backups or its full copy is
 * `spanner_chain_days` old. As later backups of a chain rest on all earlier ones, all of it is kept until its last one expires.
 */
export function chainsOf(supposed: Supposed): Chains {
  const interval = supposed('spanner_backup_interval_hours').over(Fraction.of(24));
  const retention = supposed('spanner_backup_retention_days');
  const most = Number(supposed('spanner_chain_backups').toDecimal(0));
  let backups = 1;
  while (backups < most && supposed('spanner_chain_days').isMoreThan(interval.times(Fraction.of(backups)))) backups++;
  const length = interval.times(Fraction.of(backups));
  const last = interval.times(Fraction.of(backups - 1));
  /** how long a backup that was taken so many days into its chain is kept, over how often there is such a one */
  const standing = (day: Fraction): Fraction => last.minus(day).plus(retention).over(length);
  const increments = Array.from({ length: backups - 1 }, (_, i) => interval.times(Fraction.of(i + 1)));
  return {
    fulls: standing(Fraction.ZERO),
    changedDays: sumOf(increments.map((day) => standing(day).times(interval))),
  };
}
