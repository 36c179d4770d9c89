import { TryAgain } from '../domain/errors.ts';
import type { Database } from '../ports/database.ts';
import { waiting } from './tables.ts';

const ROWS_PER_READ = 1000;

/**
 * How many accepted events are not receipts yet, where one process accepts and bills them all. Beyond the limit no more are taken in
 * until some are done: what waits on a disk is a queue like any other, and every queue has an end.
 */
export class Backlog {
  readonly #max: number;
  #events = 0;

  constructor(eventsMax: number) {
    this.#max = eventsMax;
  }

  /** Counts what an earlier process left. */
  async recount(database: Pick<Database, 'snapshot'>): Promise<void> {
    this.#events = await database.snapshot(async (view) => {
      let events = 0;
      for (let from: readonly string[] | undefined; ; ) {
        const rows = await view.range(waiting, { limit: ROWS_PER_READ, ...(from !== undefined && { from }) });
        for (const { count } of rows) events += count;
        const last = rows.at(-1);
        if (last === undefined || rows.length < ROWS_PER_READ) return events;
        from = [last.tenant, `${last.batch_id}\0`];
      }
    });
  }

  get events(): number {
    return this.#events;
  }

  accepted(events: number): void {
    this.#events += events;
  }

  billed(events: number): void {
    this.#events = Math.max(0, this.#events - events);
  }

  /** @throws TryAgain where too much waits */
  requireRoom(): void {
    if (this.#events >= this.#max) throw new TryAgain('more is accepted than can be billed at once', 1);
  }
}
