import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Admission, type Crowded } from '../../shared/edge/http/admission.ts';
import { bodyOf, guardServer } from '../../shared/edge/http/guard.ts';
import { Pace } from '../../shared/edge/http/pace.ts';

const MIB = 1024 * 1024;

/** Sends requests and remembers which have begun. */
function door(requestsMax: number, bytesMax = 100 * MIB) {
  const admission = new Admission({ requestsMax, bytesMax });
  const begun: string[] = [];
  const leaves = new Map<string, () => void>();
  const send = (name: string, caller: string, bytes = 100): 'in' | Crowded => {
    const outcome = admission.enter(caller, bytes, () => begun.push(name));
    if (typeof outcome === 'string') return outcome;
    leaves.set(name, outcome);
    return 'in';
  };
  return { admission, begun, send, answer: (name: string) => leaves.get(name)!() };
}

describe('what an instance has in hand', () => {
  it('of 16 requests one caller has a quarter, 4, and is told that it is greedy beyond; others come in', () => {
    const { send, answer } = door(16);
    const outcomes = Array.from({ length: 6 }, (_, i) => send(`a${i}`, 'a'));
    assert.deepEqual(outcomes, ['in', 'in', 'in', 'in', 'greedy', 'greedy']);
    assert.equal(send('b0', 'b'), 'in');
    answer('a0');
    assert.equal(send('a6', 'a'), 'in');
  });

  it('while three quarters are taken, 24 of 32, only callers with less than 4 come in, up to all 32; then nobody', () => {
    const { admission, send } = door(32);
    for (const caller of ['a', 'b', 'c']) for (let i = 0; i < 8; i++) assert.equal(send(`${caller}${i}`, caller), 'in');
    assert.equal(send('d0', 'd'), 'in');
    for (let i = 1; i < 4; i++) assert.equal(send(`d${i}`, 'd'), 'in');
    assert.equal(send('d4', 'd'), 'greedy');
    for (let i = 0; i < 4; i++) assert.equal(send(`e${i}`, 'e'), 'in');
    assert.equal(admission.inHand, 32);
    assert.equal(send('f0', 'f'), 'busy');
  });

  it('bodies count too: of 8 MiB a caller has 2, and one that is larger than all is taken where it is alone', () => {
    const { send, answer } = door(1000, 8 * MIB);
    assert.equal(send('a0', 'a', MIB), 'in');
    assert.equal(send('a1', 'a', MIB), 'in');
    assert.equal(send('a2', 'a', 1), 'greedy');
    answer('a0');
    answer('a1');
    assert.equal(send('b0', 'b', 9 * MIB), 'in');
    assert.equal(send('c0', 'c', 1), 'busy');
  });

  it('four MiB of bodies are worked on at once; the others begin in the order in which they came', () => {
    const { begun, send, answer } = door(1000);
    for (const [i, bytes] of [2_400_000, 1_600_000, 1_200_000, 100, 8 * MIB, 5].entries())
      send(`r${i}`, `c${i}`, bytes);
    assert.deepEqual(begun, ['r0', 'r1']);
    answer('r0');
    assert.deepEqual(begun, ['r0', 'r1', 'r2', 'r3']);
    answer('r1');
    answer('r2');
    answer('r3');
    assert.deepEqual(begun, ['r0', 'r1', 'r2', 'r3', 'r4']);
    answer('r4');
    assert.deepEqual(begun, ['r0', 'r1', 'r2', 'r3', 'r4', 'r5']);
  });

  it('whoever hangs up while it waits never begins, and its place is free', () => {
    const { admission, begun, send, answer } = door(1000);
    send('first', 'a', 4 * MIB);
    send('gone', 'b', 10);
    send('next', 'c', 10);
    answer('gone');
    answer('first');
    assert.deepEqual(begun, ['first', 'next']);
    answer('next');
    assert.equal(admission.inHand, 0);
  });
});

describe('over real HTTP, while all that may be in hand is in hand', () => {
  const REFUSALS = 40;
  const BOUND_MILLISECONDS = 50;
  let server: Server;
  let sockets: Socket[];
  let held: ServerResponse[];
  let bodies: string[];

  beforeEach(async () => {
    [sockets, held, bodies] = [[], [], []];
    server = createServer((req: IncomingMessage, res: ServerResponse) => {
      bodies.push(String(bodyOf(req)));
      held.push(res);
    });
    guardServer(server, {
      admission: new Admission({ requestsMax: 16, bytesMax: 8 * MIB }),
      newRequestId: () => 'req_test',
      isOwn: (target) => target.startsWith('/own'),
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // Four of each of four callers, none of them answered.
    for (const caller of ['a', 'b', 'c', 'd']) {
      for (let i = 0; i < 4; i++) (await line()).write(request(caller, `${caller}${i}`));
    }
    while (held.length < 16) await new Promise((resolve) => setImmediate(resolve));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  const line = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const head = (caller: string, bytes: number, more = ''): string =>
    `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${caller}\r\nContent-Length: ${bytes}\r\n${more}\r\n`;
  const request = (caller: string, body: string): string => head(caller, body.length) + body;
  /** The next answer on a line, which says how long its body is. */
  const answerOn = async (socket: Socket): Promise<string> => {
    for (let text = ''; ; ) {
      text += String((await once(socket, 'data'))[0]);
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      const end = text.indexOf('\r\n\r\n');
      if (length !== undefined && end >= 0 && text.length >= end + 4 + Number(length)) return text;
    }
  };
  const statusOf = (answer: string): string => answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);

  for (const [caller, status, what] of [
    ['newcomer', '503', 'whoever comes'],
    ['a', '429', 'a caller that has its quarter'],
  ] as const) {
    it(`${what} is told ${status} and to come again in 1 s, ${REFUSALS} times on one connection, each in ${BOUND_MILLISECONDS} ms on average`, async () => {
      const socket = await line();
      const begun = process.hrtime.bigint();
      for (let i = 0; i < REFUSALS; i++) {
        socket.write(request(caller, 'usage'));
        const answer = await answerOn(socket);
        assert.equal(statusOf(answer), status);
        assert.match(answer, /\r\nRetry-After: 1\r\n/);
      }
      const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6;
      assert.ok(milliseconds < REFUSALS * BOUND_MILLISECONDS, `${milliseconds} ms`);
      assert.equal(held.length, 16);
    });
  }

  it('it is told so before its body is here; what comes of that is dropped, and the connection goes on', async () => {
    const socket = await line();
    socket.write(head('newcomer', 100_000));
    assert.equal(statusOf(await answerOn(socket)), '503');
    socket.write('x'.repeat(100_000));
    held[0]!.end('done');
    await once(held[0]!, 'close');
    socket.write(request('newcomer', 'at last'));
    while (held.length < 17) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(bodies.at(-1), 'at last');
  });

  it('who asks whether to send its body is asked for it and then told', async () => {
    const socket = await line();
    socket.write(head('newcomer', 5, 'Expect: 100-continue\r\n'));
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 100 /);
    socket.write('usage');
    assert.equal(statusOf(await answerOn(socket)), '503');
  });

  it('what makes room, the suite’s own, comes in', async () => {
    (await line()).write('POST /own HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    while (held.length < 17) await new Promise((resolve) => setImmediate(resolve));
    held.at(-1)!.end();
  });
});

describe('the pace at which requests begin', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('40 small ones of one moment: 16 at once, 16 in the next turn, 8 in the one after, in their order', async () => {
    const pace = new Pace();
    const begun: number[] = [];
    for (let i = 0; i < 40; i++) pace.add(100, () => begun.push(i));
    const counts = [begun.length];
    for (let i = 0; i < 3; i++) {
      await turn();
      counts.push(begun.length);
    }
    assert.deepEqual(counts, [16, 32, 40, 40]);
    assert.deepEqual(
      begun,
      Array.from({ length: 40 }, (_, i) => i),
    );
  });

  it('of 400 a quarter of those that wait in each turn: of 384 96, of 288 72; turns that are long because many are refused starve nobody', async () => {
    const pace = new Pace();
    let begun = 0;
    for (let i = 0; i < 400; i++) pace.add(100, () => begun++);
    const counts = [begun];
    for (let i = 0; i < 3; i++) {
      await turn();
      counts.push(begun);
    }
    assert.deepEqual(counts, [16, 16 + 96, 16 + 96 + 72, 16 + 96 + 72 + 54]);
  });

  it('128 KiB of bodies a turn, and a larger one alone', async () => {
    const pace = new Pace();
    const begun: string[] = [];
    for (const [name, bytes] of [
      ['a', 100_000],
      ['b', 31_072],
      ['c', 1],
      ['large', MIB],
      ['d', 1],
    ] as const)
      pace.add(bytes, () => begun.push(name));
    const seen = [begun.join('')];
    for (let i = 0; i < 3; i++) {
      await turn();
      seen.push(begun.join(''));
    }
    assert.deepEqual(seen, ['ab', 'abc', 'abclarge', 'abclarged']);
  });
});
