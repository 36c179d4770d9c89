import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { oidcCallers } from '../../shared/edge/callers.ts';
import { parsePush } from '../../shared/edge/pubsub.ts';
import { type PushFaults, PushRelay } from '../support/push-relay.ts';

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  readonly number: number;
}

describe('the relay between the Pub/Sub emulator and the functions', () => {
  const clock = new ManualClock(parseInstant('2026-03-01T12:00:00Z', 'test'));
  let server: Server;
  let relay: PushRelay;
  let heard: Heard[];
  let status: number;

  beforeEach(async () => {
    heard = [];
    status = 204;
    server = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      heard.push({ headers: req.headers, body, number: Number(parsePush(body).messageId) });
      res.writeHead(status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    await relay.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const start = async (faults: PushFaults = {}, seed = 'a', swapMilliseconds = 100): Promise<void> => {
    const { port } = server.address() as AddressInfo;
    relay = await PushRelay.start({
      target: (name) => `http://127.0.0.1:${port}/${name}`,
      clock,
      seed,
      faults,
      swapMilliseconds,
    });
  };
  /** A message as the emulator pushes it. @returns the status that the emulator hears */
  const push = async (number: number, attributes: Record<string, string> = { tenant: 'acme' }): Promise<number> => {
    const [messageId, publishTime] = [String(number), '2026-03-01T12:00:00Z'];
    const response = await fetch(relay.pushUrl, {
      method: 'POST',
      body: JSON.stringify({
        subscription: 'projects/p/subscriptions/sign-receipts',
        message: { messageId, message_id: messageId, publishTime, publish_time: publishTime, attributes },
      }),
    });
    return response.status;
  };
  const numbers = (): number[] => heard.map(({ number }) => number);

  it('adds what production adds: a token that is believed, the ordering key, which attempt it is', async () => {
    await start();
    const { jwksUrl: keysUrl, audience, email } = relay;
    const callers = oidcCallers({ keysUrl, audience, emails: [email], clock });
    assert.deepEqual([await push(1), await push(2, { seal: '7' }), await push(1)], [204, 204, 204]);
    for (const { headers } of heard) await callers(headers.authorization);
    assert.deepEqual(
      heard.map(({ body }) => parsePush(body)).map((read) => [read.messageId, read.orderingKey, read.deliveryAttempt]),
      [
        ['1', 'acme', 1],
        ['2', '', 1],
        ['1', 'acme', 2],
      ],
    );
  });

  it('its token can be wrong in any one way', async () => {
    await start();
    const { jwksUrl: keysUrl, audience, email } = relay;
    const callers = oidcCallers({ keysUrl, audience, emails: [email], clock });
    await callers(`Bearer ${await relay.tokenFor()}`);
    await assert.rejects(callers(`Bearer ${await relay.tokenFor({ aud: 'else' })}`), /not known/);
  });

  it('tells the bus what the function answered, and 502 where nobody does', async () => {
    await start();
    status = 503;
    assert.equal(await push(1), 503);
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    assert.equal(await push(1), 502);
  });

  it('drops the answer: it was heard, and the bus is to think it was not', async () => {
    await start({ dropAnswer: 1 });
    assert.equal(await push(1), 503);
    assert.deepEqual([numbers(), relay.counters.dropped], [[1], 1]);
    relay.faults = {};
    assert.equal(await push(1), 204);
  });

  it('delivers twice', async () => {
    await start({ twice: 1 });
    assert.equal(await push(1), 204);
    assert.deepEqual([numbers(), relay.counters.twice], [[1, 1], 1]);
  });

  it('delivers the second before the first', async () => {
    await start({ swap: 1 }, 'a', 10_000);
    // The bus sends the next of a key only once it believes that the one before was answered.
    assert.deepEqual([await push(1), await push(2)], [204, 204]);
    assert.deepEqual([numbers(), relay.counters.swapped], [[2, 1], 1]);
  });

  it('delivers what nothing comes to overtake a little later', async () => {
    await start({ swap: 1 }, 'a', 50);
    assert.equal(await push(1), 204);
    await relay.idle();
    assert.deepEqual(numbers(), [1]);
  });

  it('goes on trying with what it has acknowledged for the function', async () => {
    await start({ swap: 1 });
    status = 503;
    assert.equal(await push(1), 204);
    const retrying = relay.idle();
    while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    status = 204;
    await retrying;
    assert.deepEqual([relay.lost, relay.counters.forwarded], [[], 1]);
  });

  it('of 40 messages, each until it is acknowledged, none is lost, and the same seed meets the same ones', async () => {
    const run = async (seed: string): Promise<string> => {
      await start({ dropAnswer: 0.3, twice: 0.3, swap: 0.3, delay: 0.1 }, seed, 10_000);
      heard = [];
      for (let number = 1; number <= 40; number++) while ((await push(number)) !== 204);
      relay.faults = {};
      // Overtakes the last one, in case it is held back.
      assert.equal(await push(41), 204);
      assert.deepEqual(
        [...new Set(numbers())].sort((a, b) => a - b),
        Array.from({ length: 41 }, (_, i) => i + 1),
      );
      assert.deepEqual(relay.lost, []);
      const story = JSON.stringify([numbers(), relay.counters]);
      await relay.close();
      return story;
    };
    const [once, again, other] = [await run('a'), await run('a'), await run('b')];
    assert.equal(once, again);
    assert.notEqual(once, other);
    const { dropped, twice, swapped, delayed } = relay.counters;
    assert.ok(dropped > 3 && twice > 3 && swapped > 3 && delayed > 0, JSON.stringify(relay.counters));
    await start();
  });
});
