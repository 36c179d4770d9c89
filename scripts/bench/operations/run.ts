import type { Client } from '../../../test/support/suite.ts';
import { difference, type Operations, sum, type Written, writtenSince } from './counts.ts';
import { Stand } from './stand.ts';
import { grownPerEvent, type Stored } from './stored.ts';
import { accountOf, eventsFrom, type Load } from './workload.ts';

/** What one load took. */
export interface Run extends Load, Operations {
  /** what was written to each table, of the same operations */
  readonly written: Written;
  /**
   * The same operations by what caused them, and what comes beside them whether or not there is usage: `sweep`, each 10 seconds,
   * and `deep`, each hour, which reads and keeps all that came since the one before.
   */
  readonly phases: Readonly<Record<'usage' | 'seal' | 'sweep' | 'deep', Operations>>;
  /** bytes that lie in each store for each event, after all of it */
  readonly stored_bytes: Stored;
}

/** One second more than SEAL_INTERVAL_SECONDS says. */
const SEAL_INTERVAL_MILLISECONDS = 11_000;
const WARM_UP_BATCH = 4;
const WARM_UP_EVENTS = 2 * WARM_UP_BATCH;

/**
 * Sends a load to a new stand, one request after the other, until all of it is receipted, mirrored, projected, summed up and
 * sealed. What comes once for each customer (its first entries, keys, documents) came before the counting began.
 */
export async function run(load: Load): Promise<Run> {
  const stand = await Stand.start();
  try {
    const clients = await warmedUp(stand, load);
    const stored = await stand.stored();
    const written = stand.written();
    const usage = await counted(stand, () => send(stand, clients, load));
    const seal = await counted(stand, () => sealAll(stand));
    const writtenSoFar = writtenSince(stand.written(), written);
    await prove(stand, clients, load);
    const sweep = await counted(stand, () => stand.suite.sweep());
    const deep = await counted(stand, () => stand.suite.deep());
    return {
      ...load,
      ...sum(usage, seal),
      written: writtenSoFar,
      phases: { usage, seal, sweep, deep },
      stored_bytes: grownPerEvent(stored, await stand.stored(), load.events),
    };
  } finally {
    await stand.close();
  }
}

async function warmedUp(stand: Stand, { tenants }: Load): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < tenants; i++) {
    clients.push(await stand.suite.organization(accountOf(`customer-${String(i).padStart(4, '0')}`)));
  }
  for (let sent = 0; sent < WARM_UP_EVENTS; sent += WARM_UP_BATCH) {
    // The first doorbell of the last round makes a seal: those that follow within the interval make none.
    stand.suite.clock.advance(SEAL_INTERVAL_MILLISECONDS);
    for (const client of clients) {
      await client.send(eventsFrom(sent, WARM_UP_BATCH));
      await stand.settle();
    }
  }
  await stand.suite.sweep();
  await stand.suite.deep();
  await stand.settle();
  return clients;
}

async function send(stand: Stand, clients: readonly Client[], { batch, events, together }: Load): Promise<void> {
  const each = events / clients.length;
  for (let sent = 0; sent < each; sent += batch * together) {
    for (const client of clients) {
      const goOn = stand.suite.relay.pause();
      for (let i = 0; i < together && sent + i * batch < each; i++) {
        const { accepted } = await client.send(eventsFrom(WARM_UP_EVENTS + sent + i * batch, batch));
        if (accepted !== batch) throw new Error(`only ${accepted} of ${batch} events were accepted`);
      }
      goOn();
      await stand.settle();
    }
  }
}

async function sealAll(stand: Stand): Promise<void> {
  stand.suite.clock.advance(SEAL_INTERVAL_MILLISECONDS);
  await stand.suite.job('seal-ledger/run');
  await stand.settle();
}

async function counted(stand: Stand, work: () => Promise<unknown>): Promise<Operations> {
  const before = stand.counts();
  await work();
  await stand.settle();
  return difference(stand.counts(), before);
}

/** What was counted was the whole work: every event is one receipt, mirrored, summed up and under a seal. */
async function prove(stand: Stand, clients: readonly Client[], { events }: Load): Promise<void> {
  const { platform, lines } = stand.suite;
  const wrong = lines.find(({ level }) => level !== 'info');
  if (wrong !== undefined) throw new Error(`the suite complained: ${wrong.event}`, { cause: wrong.error });
  let receipts = 0;
  for (const { tenant } of clients) {
    receipts += (await stand.suite.entriesOf(tenant, 'charge')).length - WARM_UP_EVENTS;
    const pages = await platform.ledger.pages(tenant, 0, (await platform.ledger.head(tenant))?.size ?? 0);
    if ((await platform.mirror.list(tenant)).length !== pages.length) throw new Error('the mirror lacks pages');
  }
  if (receipts !== events) throw new Error(`${events} events became ${receipts} receipts`);
  if ((await platform.usage.waitingTenants(1)).length > 0) throw new Error('usage is left that is no receipt');
  if ((await platform.rollups.unfolded(1)).length > 0) throw new Error('usage is left that was not summed up');
  if (await platform.seals.isDue()) throw new Error('receipts are left that no seal covers');
}
