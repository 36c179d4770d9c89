import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { FrameworkProcess } from '../support/framework-process.ts';
import { TestSuite } from '../support/suite.ts';

const DESK = 'test/support/desk-function.ts';
const WHOLE = 200_000;

describe('a function that is told to end', function () {
  // Real processes that start, wait and end, on whatever machine this is.
  this.timeout(40_000);
  let running: FrameworkProcess;

  const start = async (desk = '', environment: Readonly<Record<string, string>> = {}): Promise<FrameworkProcess> => {
    running = await FrameworkProcess.start(DESK, 'desk', { DESK: desk, ...environment });
    return running;
  };
  const begun = (count: number): Promise<void> =>
    running.until(`working on ${count} requests`, () => running.output.split('began\n').length - 1 === count);

  afterEach(() => running.stop());

  it('answers all 20 requests under way, whole, then closes what it had opened and exits with 0', async () => {
    await start();
    const answers = Array.from({ length: 20 }, () => ask(`${running.url}/slow/700`));
    await begun(20);
    running.kill('SIGTERM');
    assert.deepEqual(
      await Promise.all(answers),
      Array.from({ length: 20 }, () => ({ status: 200, bytes: WHOLE, connection: 'close' })),
    );
    assert.deepEqual(await running.ended, { code: 0, signal: null });
    // What was opened last may need what was opened first, so it is closed before it.
    assert.match(running.output, /stopping\nclosed last\nclosed first\n$/);
    assert.deepEqual(sentences(running), ['stopping', 'stopped']);
  });

  it('without the drain would answer none of them: the framework ends at once', async () => {
    await start('undrained');
    const answers = Array.from({ length: 20 }, () => ask(`${running.url}/slow/700`));
    await begun(20);
    running.kill('SIGTERM');
    const whole = (await Promise.all(answers)).filter((answer) => typeof answer === 'object' && answer.status === 200);
    assert.equal(whole.length, 0);
  });

  it('exits with 0 at once when it has nothing to do', async () => {
    await start();
    const began = performance.now();
    running.kill('SIGTERM');
    assert.deepEqual(await running.ended, { code: 0, signal: null });
    assert.ok(performance.now() - began < 3000, 'it waits for nobody');
  });

  it('does not wait for callers who keep a connection and ask nothing', async () => {
    await start();
    const agent = new Agent({ keepAlive: true });
    try {
      await new Promise((resolve) =>
        request(`${running.url}/slow/1`, { agent }, (res) => res.resume().once('end', resolve)).end(),
      );
      const silent = connect(running.port, '127.0.0.1');
      await once(silent, 'connect');
      // Half a head: nobody can say what it asks for.
      const half = connect(running.port, '127.0.0.1');
      half.write('GET /slow/1 HTTP/1.1\r\nHost: ');
      await once(half, 'connect');
      const began = performance.now();
      running.kill('SIGTERM');
      await Promise.all([once(silent.resume(), 'close'), once(half.resume(), 'close')]);
      assert.deepEqual(await running.ended, { code: 0, signal: null });
      assert.ok(performance.now() - began < 3000, 'it waits for nobody');
    } finally {
      agent.destroy();
    }
  });

  it('exits with 0 when it is still starting', async () => {
    running = await FrameworkProcess.spawn(DESK, 'desk', { DESK: 'opening' });
    await running.until('opening', () => running.output.includes('opening'));
    running.kill('SIGTERM');
    assert.deepEqual(await running.ended, { code: 0, signal: null });
    assert.match(running.output, /stopping\nclosed last\nclosed first\n$/);
  });

  it('takes no new connection while it answers the old ones', async () => {
    await start();
    const answer = ask(`${running.url}/slow/1500`);
    await begun(1);
    running.kill('SIGTERM');
    await running.until('refusing connections', async () => (await ask(`${running.url}/slow/1`)) === 'ECONNREFUSED');
    assert.deepEqual(await answer, { status: 200, bytes: WHOLE, connection: 'close' });
    assert.equal((await running.ended).code, 0);
  });

  it('still answers what comes on a connection that it has, and ends that connection with the last answer', async () => {
    await start();
    const socket = connect(running.port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    const closed = once(socket, 'close');
    socket.write('GET /slow/600 HTTP/1.1\r\nHost: desk\r\n\r\n');
    await begun(1);
    running.kill('SIGTERM');
    await running.until('stopping', () => running.output.includes('stopping'));
    socket.write('GET /slow/1 HTTP/1.1\r\nHost: desk\r\n\r\n');
    await closed;
    const heads = Buffer.concat(received)
      .toString('latin1')
      .split(/(?=HTTP\/1\.1 )/)
      .map((answer) => ({
        status: answer.slice(9, 12),
        connection: /^Connection: (.*)\r$/m.exec(answer)?.[1],
        bytes: answer.length - answer.indexOf('\r\n\r\n') - 4,
      }));
    assert.deepEqual(heads, [
      { status: '200', connection: 'keep-alive', bytes: WHOLE },
      { status: '200', connection: 'close', bytes: WHOLE },
    ]);
    assert.equal((await running.ended).code, 0);
  });

  it('is not held for ever by a request that takes longer than the drain: that one is told to come again', async () => {
    await start('', { DRAIN_SECONDS: '1' });
    const short = ask(`${running.url}/slow/500`);
    const endless = fetch(`${running.url}/slow/600000`);
    await begun(2);
    const began = performance.now();
    running.kill('SIGTERM');
    assert.equal(Reflect.get(Object(await short), 'status'), 200);
    const answer = await endless;
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '1');
    const problem = (await answer.json()) as Record<string, unknown>;
    assert.equal(problem['code'], 'temporarily_unavailable');
    assert.deepEqual(await running.ended, { code: 1, signal: null });
    assert.ok(performance.now() - began < 6000, 'a second, and what a busy machine needs to notice it');
    assert.equal(running.lines.find(({ message }) => message === 'drain_incomplete')?.['unanswered'], 1);
    assert.match(running.output, /closed last\nclosed first\n$/);
  });

  it('ends at once at the second signal', async () => {
    await start();
    const answer = ask(`${running.url}/slow/600000`);
    await begun(1);
    running.kill('SIGTERM');
    await running.until('stopping', () => running.output.includes('stopping'));
    running.kill('SIGTERM');
    // 128 + 15, as a shell says it.
    assert.deepEqual(await running.ended, { code: 143, signal: null });
    assert.equal(await answer, 'UND_ERR_SOCKET');
  });

  it('closes the rest when one thing cannot be closed, says so, and exits with 1', async () => {
    await start('broken');
    running.kill('SIGTERM');
    assert.deepEqual(await running.ended, { code: 1, signal: null });
    assert.match(running.output, /closed last\nclosed first\n$/);
    const line = running.lines.find(({ message }) => message === 'closing_failed');
    assert.equal(line?.['what'], 'broken');
    assert.equal(line?.['error'], 'Error: it would not close');
  });

  for (const [says, kind, thrown] of [
    ['a rejection that nobody handles', 'rejection', 'Error: nobody waits for this'],
    ['an exception that nobody catches', 'exception', 'Error: nobody catches this'],
  ] as const) {
    it(`ends itself after ${says}: one critical line, every request under way answered whole, exit with 1`, async () => {
      await start();
      const others = Array.from({ length: 5 }, () => ask(`${running.url}/slow/600`));
      await begun(5);
      const astray = await ask(`${running.url}/stray/${kind}`);
      assert.equal(Reflect.get(Object(astray), 'status'), 200, 'its own answer is none the worse for it');
      for (const answer of await Promise.all(others)) {
        assert.deepEqual(answer, { status: 200, bytes: WHOLE, connection: 'close' });
      }
      assert.deepEqual(await running.ended, { code: 1, signal: null });
      assert.deepEqual(sentences(running), ['process_failed', 'stopped']);
      const [line] = running.lines;
      assert.equal(line?.['severity'], 'CRITICAL');
      assert.equal(line?.['error'], thrown);
      assert.match(String(line?.['stack_trace']), /desk-function\.ts/);
    });
  }
});

describe('the ingest function that is told to end', function () {
  this.timeout(40_000);

  it('keeps and answers the 20 requests whose bodies were still on their way', async () => {
    const now = new SystemClock().now();
    const day = 24 * 3600 * 1000;
    const start = `${new Date(Date.parse(now) - 40 * day).toISOString().slice(0, 10)}T00:00:00Z`;
    const suite = await TestSuite.start({ at: now });
    try {
      const client = await suite.organization(accountOf('acme', { start, meters: { calls: { model: perUnit('1') } } }));
      await suite.stop();
      const running = await FrameworkProcess.start('functions/ingest/index.ts', 'ingest', {
        DATA_DIR: suite.folder.path,
        RSA_BITS: '2048',
      });
      try {
        const events = Array.from({ length: 20 }, (_, at) => JSON.stringify(usage(`call ${at}`, 'calls', '1', now)));
        const underway = events.map((body) => heldBack(`${running.url}/api/v1/billing/usage`, client.key, body));
        await Promise.all(underway.map(({ admitted }) => admitted));
        running.kill('SIGTERM');
        await running.until('stopping', () => sentences(running).includes('stopping'));
        for (const { send } of underway) send();
        const answers = await Promise.all(underway.map(({ answer }) => answer));
        assert.deepEqual(
          answers.map(({ status, body }) => [status, Reflect.get(Object(JSON.parse(body)), 'accepted')]),
          Array.from({ length: 20 }, () => [202, 1]),
        );
        assert.deepEqual(await running.ended, { code: 0, signal: null });
        assert.deepEqual(sentences(running), ['stopping', 'stopped']);
      } finally {
        await running.stop();
      }
      const [kept] = suite.sql('SELECT sum(count) AS events FROM batches');
      assert.equal(kept?.['events'], 20, 'one event of each request');
    } finally {
      await suite.close();
    }
  });
});

/** Status, length and connection of an answer that came whole; the name of what went wrong where none did. */
async function ask(url: string): Promise<{ status: number; bytes: number; connection: string | null } | string> {
  try {
    const response = await fetch(url);
    const bytes = (await response.arrayBuffer()).byteLength;
    return { status: response.status, bytes, connection: response.headers.get('connection') };
  } catch (error) {
    const cause: unknown = error instanceof Error ? error.cause : undefined;
    return String(Reflect.get(Object(cause), 'code') ?? error);
  }
}

/** A request whose head is sent at once and whose body only by `send`; `admitted` when the function waits for that. */
function heldBack(url: string, key: string, body: string) {
  const headers = {
    Authorization: `Bearer ${key}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    Expect: '100-continue',
  };
  const outgoing = request(url, { method: 'POST', headers });
  outgoing.flushHeaders();
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
  });
  return { admitted: once(outgoing, 'continue'), answer, send: () => outgoing.end(body) };
}

const sentences = (running: FrameworkProcess): unknown[] => running.lines.map(({ message, text }) => message ?? text);
