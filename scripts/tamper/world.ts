import { join } from 'node:path';
import { packPage, unpackPage } from '../../shared/domain/ledger/page.ts';
import { accountOf, flat, tiered, usage } from '../../test/support/account.ts';
import { MirrorPages } from '../../test/support/mirror-pages.ts';
import { TestSuite } from '../../test/support/suite.ts';
import type { Chance } from './chance.ts';
import { type Copy, fileCopy, pageCopy } from './copy.ts';

export const TENANTS = ['acme', 'umbrella'] as const;

/** Billed by the day: calls at 0.5 up to 100 and 0.25 above, distinct users, 5 a day for the platform itself. */
const plan = (tenant: string) =>
  accountOf(tenant, {
    unit: 'day',
    meters: {
      api_calls: { model: tiered('graduated', ['100', '0.5'], [null, '0.25']) },
      platform: { model: flat('5') },
      users: { aggregation: 'unique_count', valueProperty: 'user', model: tiered('volume', [null, '1']) },
    },
  });

export const someEvents = (prefix: string, count: number, time: string) =>
  Array.from({ length: count }, (_, i) =>
    i % 5 === 4
      ? usage(`${prefix}-${i}`, 'users', '1', time, { properties: { user: `user-${i % 3}` } })
      : usage(`${prefix}-${i}`, 'api_calls', String(1 + (i % 3)), time),
  );

/**
 * Books of two organizations that every attack gets a copy of. Yesterday is invoiced and archived; a deep pass has verified
 * it; today's usage came after. Of each: 302 entries at 12:00, 5 at 12:00 and later, 3 that close the day, then today's 6, 4 and 3.
 */
export async function keepBooks(): Promise<TestSuite> {
  const suite = await TestSuite.start({ at: '2026-03-01T12:00:00Z' });
  const send = async (tenant: string, prefix: string, count: number, time: string) => {
    await (await suite.client(tenant)).send(someEvents(prefix, count, time));
    await suite.settle();
  };
  for (const tenant of TENANTS) {
    await suite.organization(plan(tenant));
    await send(tenant, 'first', 300, '2026-03-01T12:00:00Z');
    await send(tenant, 'second', 5, '2026-03-01T12:00:00Z');
  }
  suite.goTo('2026-03-02T01:00:00Z');
  const issued = (await suite.runInvoices()).issued.length;
  if (issued !== TENANTS.length) throw new Error(`${issued} invoices were issued`);
  await suite.settle();
  const { faults } = await suite.deep();
  if (faults.length > 0) throw new Error('the books have faults before anybody touched them');
  for (const [time, count] of [
    ['12:00', 5],
    ['12:40', 4],
    ['12:50', 3],
  ] as const) {
    suite.goTo(`2026-03-02T${time}:00Z`);
    for (const tenant of TENANTS) await send(tenant, `at-${time}`, count, `2026-03-02T${time}:00Z`);
  }
  return suite;
}

/** When an attack is played: what was written in the hour before is the tail. */
export const NOW = '2026-03-02T13:00:00Z';

interface PageRow {
  readonly firstSeq: number;
  readonly count: number;
}

/** A copy of the books in the hands of somebody who can write to database, mirror and vault. */
export class World {
  readonly suite: TestSuite;
  readonly chance: Chance;
  /** whose books are tampered with, and who must not notice */
  readonly victim: string;
  readonly other: string;

  constructor(suite: TestSuite, chance: Chance) {
    this.suite = suite;
    this.chance = chance;
    this.victim = chance.pick(TENANTS);
    this.other = TENANTS.find((tenant) => tenant !== this.victim)!;
  }

  path(...parts: string[]): string {
    return join(this.suite.folder.path, ...parts);
  }

  sql(statement: string, ...values: Parameters<TestSuite['sql']>[1][]) {
    return this.suite.sql(statement, ...values);
  }

  /** How many rows of the victim a statement changed must not be none: an attack that misses proves nothing. */
  change(table: string, change: string, where = '', column = 'tenant'): void {
    const rows = this.sql(`SELECT count(*) AS n FROM ${table} WHERE ${column}=? ${where}`, this.victim)[0]!['n'];
    if (Number(rows) === 0) throw new Error(`${table} has no row ${where} to change`);
    this.sql(
      `${change === 'DELETE' ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${change}`} WHERE ${column}=? ${where}`,
      this.victim,
    );
  }

  pages(tenant = this.victim): PageRow[] {
    return this.sql('SELECT first_seq, count FROM pages WHERE tenant=? ORDER BY first_seq', tenant).map((row) => ({
      firstSeq: Number(row['first_seq']),
      count: Number(row['count']),
    }));
  }

  size(tenant = this.victim): number {
    return Number(this.sql('SELECT size FROM heads WHERE tenant=?', tenant)[0]!['size']);
  }

  page(firstSeq: number, tenant = this.victim): Buffer {
    const [row] = this.sql('SELECT bytes FROM pages WHERE tenant=? AND first_seq=?', tenant, firstSeq);
    return Buffer.from(row!['bytes'] as Uint8Array);
  }

  setPage(firstSeq: number, bytes: Uint8Array, count?: number): void {
    this.sql('UPDATE pages SET bytes=? WHERE tenant=? AND first_seq=?', bytes, this.victim, firstSeq);
    if (count === undefined) return;
    this.sql('UPDATE pages SET count=? WHERE tenant=? AND first_seq=?', count, this.victim, firstSeq);
  }

  /** Changes the entries of a page and packs it again so that nothing is wrong with the page itself. */
  repack(firstSeq: number, change: (texts: string[]) => void): void {
    const texts = unpackPage(this.page(firstSeq));
    change(texts);
    this.setPage(firstSeq, packPage(texts), texts.length);
  }

  /** Removes what remembers which events were taken, of everybody, wherever the store keeps it. */
  async forgetEvents(): Promise<void> {
    const tables = this.sql("SELECT name FROM sqlite_master WHERE type='table' AND name LIKE 'dedupe%'");
    if (tables.length === 0) throw new Error('there is nothing to forget');
    for (const { name } of tables) this.sql(`DELETE FROM ${name}`);
    await this.suite.restart();
  }

  /** The victim sends again what it sent last, and it is billed if nobody remembers. */
  async resend(): Promise<void> {
    const client = await this.suite.client(this.victim);
    await client.send(someEvents('at-12:50', 3, '2026-03-02T12:50:00Z'));
    await this.suite.settle();
  }

  /**
   * Everybody sends usage, and no doorbell is heard.
   * @returns the victim's batches, in the order in which they were accepted
   */
  async accept(batches: number): Promise<string[]> {
    await this.suite.silenceBus();
    for (const tenant of TENANTS) {
      const client = await this.suite.client(tenant);
      for (let batch = 0; batch < batches; batch++) {
        this.suite.clock.advance(1);
        await client.send(someEvents(`waiting-${batch}`, 2 + batch, '2026-03-02T12:55:00Z'));
      }
    }
    return this.waiting();
  }

  /** Batches that are not billed, oldest first. */
  waiting(tenant = this.victim): string[] {
    const rows = this.sql('SELECT batch_id FROM waiting WHERE tenant=? ORDER BY batch_id', tenant);
    return rows.map((row) => String(row['batch_id']));
  }

  payload(batch: string, tenant = this.victim): Buffer {
    const [row] = this.sql('SELECT payload FROM batches WHERE tenant=? AND batch_id=?', tenant, batch);
    return Buffer.from(row!['payload'] as Uint8Array);
  }

  setPayload(batch: string, payload: Uint8Array): void {
    this.change('batches', "payload=X''", `AND batch_id='${batch}'`);
    this.sql('UPDATE batches SET payload=? WHERE tenant=? AND batch_id=?', payload, this.victim, batch);
  }

  /** The next process hears every doorbell, and bills what it can. */
  async bill(): Promise<void> {
    await this.suite.restart();
    await this.suite.settle();
  }

  mirrorPage(firstSeq: number, tenant = this.victim): Copy {
    return pageCopy(new MirrorPages(this.path()), tenant, firstSeq);
  }

  vaultFile(name: string): Copy {
    return fileCopy(this.path('vault/objects', name));
  }

  /** Names in the vault under a prefix. */
  vault(prefix: string): Promise<readonly string[]> {
    return this.suite.platform.vault.list(prefix);
  }

  async flip(copy: Copy): Promise<void> {
    await copy.write(this.chance.flipped(await copy.read()));
  }

  async cut(copy: Copy): Promise<void> {
    const bytes = await copy.read();
    await copy.write(bytes.subarray(0, this.chance.below(bytes.length)));
  }
}
