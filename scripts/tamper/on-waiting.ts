import { parseQuantity } from '../../shared/domain/decimals.ts';
import type { Instant } from '../../shared/domain/time.ts';
import { packEvents } from '../../shared/domain/usage/accepted.ts';
import type { Expected, StateAttack } from './expected.ts';
import type { World } from './world.ts';

/** Two batches wait; one of them is tampered with, then the doorbells are heard. */
const stopsAt = (tamper: (world: World, batch: string, next: string) => void) => async (world: World) => {
  const [batch, next] = (await world.accept(2)) as [string, string];
  const size = world.size();
  tamper(world, batch, next);
  await world.bill();
  return { says: 'stopped', tenant: world.victim, over: batch, size } satisfies Expected;
};

/** What somebody writes who knows the format and has no key: a thousand calls in the customer's name. */
const madeUp = (count: number): Buffer =>
  packEvents(
    Array.from({ length: count }, (_, i) => ({
      keyHash: Buffer.alloc(16, i + 1),
      subscription: 'main',
      meter: 'api_calls',
      quantity: parseQuantity('1000'),
      occurredAt: '2026-03-02T12:55:00.000000Z' as Instant,
      value: '',
      event: '{"made":"up"}',
    })),
    Buffer.alloc(32, 7),
  );

/** Attacks on usage that was accepted and is not billed: there is no entry yet, so what was accepted must vouch for itself. */
export const ON_WAITING: Readonly<Record<string, StateAttack>> = {
  'waiting-changed': {
    ...{ numbers: [50], says: 'one bit of a batch that waits to be billed' },
    play: stopsAt((world, batch) => world.setPayload(batch, world.chance.flipped(world.payload(batch)))),
  },
  'waiting-made-up': {
    ...{ numbers: [50], says: 'another batch in its place, of events that nobody sent' },
    play: stopsAt((world, batch) => world.setPayload(batch, madeUp(2))),
  },
  'waiting-moved': {
    ...{ numbers: [7, 10], says: 'the batch of another organization, or the customer’s own next one, in its place' },
    play: stopsAt((world, batch, next) => {
      const theirs = world.payload(world.waiting(world.other)[0]!, world.other);
      world.setPayload(batch, world.chance.pick([theirs, world.payload(next)]));
    }),
  },
  'waiting-emptied': {
    ...{ numbers: [49], says: 'nothing in its place, or another number of events beside it' },
    play: stopsAt((world, batch) => {
      if (world.chance.below(2) === 0) world.setPayload(batch, new Uint8Array(0));
      else world.change('batches', world.chance.pick(['count=count-1', 'count=count+1']), `AND batch_id='${batch}'`);
    }),
  },
  'waiting-deleted': {
    ...{ numbers: [49], says: 'the batch removed, and the row that says it waits left' },
    play: stopsAt((world, batch) => world.change('batches', 'DELETE', `AND batch_id='${batch}'`)),
  },
  'waiting-again': {
    ...{ numbers: [8], says: 'a batch that was billed put back among those that wait' },
    play: async (world) => {
      const size = world.size();
      const [row] = world.sql(
        'SELECT batch_id, count, accepted_at FROM batches WHERE tenant=? AND first_seq IS NOT NULL ORDER BY batch_id DESC LIMIT 1',
        world.victim,
      );
      const { batch_id, count, accepted_at } = row!;
      world.sql(
        'INSERT INTO waiting (tenant, batch_id, count, accepted_at) VALUES (?, ?, ?, ?)',
        world.victim,
        batch_id!,
        count!,
        accepted_at!,
      );
      await world.bill();
      return { says: 'stopped', tenant: world.victim, over: String(batch_id), size };
    },
  },
  'waiting-forgotten': {
    ...{ numbers: [49], says: 'a batch removed together with every row that says it waits' },
    play: async (world) => {
      const [batch] = await world.accept(2);
      for (const table of ['batches', 'waiting', 'unrolled']) world.change(table, 'DELETE', `AND batch_id='${batch}'`);
      await world.bill();
      return {
        says: 'unseen',
        because: 'no row is left that misses it; the sender has its receipt ids, and asking for one answers 404',
      };
    },
  },
};
