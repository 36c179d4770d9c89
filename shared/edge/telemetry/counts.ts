import type { AnyTable } from '../../ports/database.ts';
import type { Log } from '../../ports/log.ts';
import type { Vault } from '../../ports/vault.ts';
import { pages, seals } from '../../stores/tables.ts';
import { type Telemetry, telemetry } from './active.ts';
import { OWN } from './names.ts';

/** What a transaction adds to the books, told by the rows it writes: stories and stores know of no counters. */
export class RowCounts {
  #receipts = 0;
  #seals = 0;

  insert(table: AnyTable, row: object): void {
    if (table === pages) this.#receipts += Number(Reflect.get(row, 'count'));
  }

  update(table: AnyTable, changes: object): void {
    if (table === seals && typeof Reflect.get(changes, 'published_at') === 'string') this.#seals++;
  }

  note({ receipts, seals: sealed }: Telemetry): void {
    if (this.#receipts > 0) receipts.add(this.#receipts);
    if (this.#seals > 0) sealed.add(this.#seals);
  }
}

/** Counts what became of the events of a request. */
export function countUsage(outcomes: readonly { readonly status: 'accepted' | 'duplicate' | 'refused' }[]): void {
  const on = telemetry();
  if (on === undefined) return;
  for (const outcome of ['accepted', 'duplicate', 'refused'] as const) {
    const events = outcomes.filter(({ status }) => status === outcome).length;
    if (events > 0) on.usageEvents.add(events, { [OWN.outcome]: outcome });
  }
}

/** A vault that counts what it is given; the same vault while telemetry is off. */
export function observedVault(vault: Vault): Vault {
  const on = telemetry();
  if (on === undefined) return vault;
  return {
    create: async (name, bytes, kept) => {
      const outcome = await vault.create(name, bytes, kept);
      on.vaultObjects.add(1, { [OWN.outcome]: outcome });
      return outcome;
    },
    read: (name) => vault.read(name),
    list: (prefix) => vault.list(prefix),
    link: (name, seconds, fileName) => vault.link(name, seconds, fileName),
    delete: (name) => vault.delete(name),
  };
}

/** A log that counts the faults which reconciliation reports; the same log while telemetry is off. */
export function observedLog(log: Log): Log {
  const on = telemetry();
  if (on === undefined) return log;
  return {
    info: (event, facts) => {
      if (event === 'reconciled') on.faults.add(Number(facts?.['faults'] ?? 0));
      log.info(event, facts);
    },
    warn: (event, facts) => log.warn(event, facts),
    error: (event, error, facts) => log.error(event, error, facts),
  };
}
