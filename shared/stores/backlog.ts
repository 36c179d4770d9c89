import { TryAgain } from '../domain/errors.ts';
import type { Database } from '../ports/database.ts';
import { waiting } from './tables.ts';

const ROWS_PER_READ = 1000;

/**
 * How many accepted events of each organization are not receipts yet, where one process accepts and bills them all. Beyond the limit no
 * more of that organization's are taken in until some are done: what waits on a disk is a queue like any other, and every queue has an
 * end. One whose billing is frozen fills its own, and nobody else's.
 */
export class Backlog {
  readonly #max: number;
  readonly #events = new Map<string, number>();

  constructor(eventsMax: number) {
    this.#max = eventsMax;
  }

  /** Counts what an earlier process left. */
  async recount(database: Pick<Database, 'snapshot'>): Promise<void> {
    this.#events.clear();
    await database.snapshot(async (view) => {
      for (let from: readonly string[] | undefined; ; ) {
        const rows = await view.range(waiting, { limit: ROWS_PER_READ, ...(from !== undefined && { from }) });
        for (const { tenant, count } of rows) this.accepted(tenant, count);
        const last = rows.at(-1);
        if (last === undefined || rows.length < ROWS_PER_READ) return;
        from = [last.tenant, `${last.batch_id}\0`];
      }
    });
  }

  eventsOf(tenant: string): number {
    return this.#events.get(tenant) ?? 0;
  }

  accepted(tenant: string, events: number): void {
    this.#add(tenant, events);
  }

  /** May come before `accepted`: what is committed is billed while its sender is still being answered. So it may be below 0 for a moment. */
  billed(tenant: string, events: number): void {
    this.#add(tenant, -events);
  }

  /** @throws TryAgain where too much of an organization's waits */
  requireRoom(tenant: string): void {
    if (this.eventsOf(tenant) >= this.#max) throw new TryAgain('more is accepted than can be billed at once', 1);
  }

  #add(tenant: string, events: number): void {
    const sum = this.eventsOf(tenant) + events;
    if (sum === 0) this.#events.delete(tenant);
    else this.#events.set(tenant, sum);
  }
}
