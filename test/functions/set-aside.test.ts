import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { usageAccepted } from '../../shared/domain/messages.ts';
import type { SetAsideRow } from '../../shared/stores/set-aside-store.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { CALLER_TOKEN, TestSuite } from '../support/suite.ts';

const ERRAND = fileURLToPath(new URL('../../scripts/set-aside.ts', import.meta.url));
const NOON = '2026-03-10T12:00:00Z';
const ACME = accountOf('acme', { meters: { api_calls: { model: perUnit('0.01') } } });

interface Ended {
  readonly code: number;
  readonly printed: string;
  readonly complained: string;
}

/** Runs the errand on a stopped suite's folder. */
const errand = (folder: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { ...process.env, DATA_DIR: folder, RSA_BITS: '2048' };
    const child = execFile(process.execPath, [ERRAND, ...args], { env }, (_, printed, complained) =>
      resolve({ code: child.exitCode ?? -1, printed, complained }),
    );
  });

describe('what nobody can answer is set aside', () => {
  let suite: TestSuite;
  const push = (message: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): string =>
    JSON.stringify({
      subscription: 'projects/tallystick/subscriptions/sign-receipts',
      message: { publishTime: NOON, ...message },
      ...more,
    });
  const rows = (): Promise<SetAsideRow[]> => suite.platform.setAside.list(100);
  const bodyOf = (row: SetAsideRow | undefined): string => Buffer.from(row?.body ?? []).toString('utf8');

  /** From now on no receipt can be made. */
  const breakHeads = () =>
    suite.sql(`CREATE TRIGGER broken BEFORE INSERT ON heads BEGIN SELECT RAISE(ABORT, 'broken'); END`);
  const mendHeads = () => suite.sql('DROP TRIGGER broken');

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
  });
  afterEach(() => suite.close());

  it('whole, with what was wrong, and acknowledged so that its key goes on', async () => {
    const body = push({ messageId: '77', attributes: { tenant: 'ACME' }, orderingKey: 'ACME' }, { deliveryAttempt: 2 });
    const response = await suite.call('sign-receipts/', body);
    assert.deepEqual([response.status, await response.text()], [204, '']);
    const [row, ...more] = await rows();
    assert.deepEqual(more, []);
    assert.equal(bodyOf(row), body);
    assert.deepEqual(
      { ...row, body: undefined, id: row?.id.length },
      {
        id: 32,
        subscription: 'projects/tallystick/subscriptions/sign-receipts',
        message_id: '77',
        delivery_attempt: 2,
        received_at: '2026-03-10T12:00:00.000000Z',
        last_at: '2026-03-10T12:00:00.000000Z',
        times: 1,
        code: 'invalid_id',
        detail: row?.detail,
        body: undefined,
        body_bytes: body.length,
      },
    );
  });

  it('and an alarm is raised that names it and nothing of what it says', async () => {
    await suite.call('sign-receipts/', push({ messageId: '77', attributes: { secret: 'hunter2' } }));
    const [row] = await rows();
    const line = suite.lines.find(({ event }) => event === 'push_set_aside');
    assert.equal(line?.level, 'error');
    assert.deepEqual(
      { ...line?.facts, request_id: undefined },
      {
        request_id: undefined,
        set_aside: row?.id,
        code: 'validation_failed',
        subscription: 'projects/tallystick/subscriptions/sign-receipts',
        message_id: '77',
      },
    );
    assert.doesNotMatch(JSON.stringify(line), /hunter2/);
  });

  it('once, when the bus delivers it five times, and when the sweep rings the same every ten seconds', async () => {
    for (const deliveryAttempt of [1, 2, 3, 4, 5]) {
      await suite.call('sign-receipts/', push({ messageId: '77', attributes: {} }, { deliveryAttempt }));
    }
    for (const messageId of ['78', '79']) {
      suite.clock.advance(10_000);
      const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e47${messageId}-00f067aa0ba902b7-01`;
      await suite.call('sign-receipts/', push({ messageId, attributes: { traceparent } }));
    }
    const [row, ...more] = await rows();
    assert.deepEqual(more, []);
    assert.deepEqual(
      [row?.message_id, row?.times, row?.received_at, row?.last_at],
      ['77', 7, '2026-03-10T12:00:00.000000Z', '2026-03-10T12:00:20.000000Z'],
    );
  });

  it('twice, where it says two things or is for two who answer', async () => {
    await suite.call('sign-receipts/', push({ messageId: '1', attributes: { tenant: '' } }));
    await suite.call('sign-receipts/', push({ messageId: '1', attributes: { tenant: 'A' } }));
    await suite.call(
      'sign-receipts/',
      push({ messageId: '1', attributes: { tenant: 'A' } }, { subscription: 'other' }),
    );
    assert.equal((await rows()).length, 3);
  });

  it('also what is no push at all, cut where it is long', async () => {
    const long = `{"no":"push","but":"${'x'.repeat(100_000)}"}`;
    for (const body of ['no JSON', '[]', long]) {
      assert.equal((await suite.call('sign-receipts/', body)).status, 204);
    }
    const kept = await rows();
    const facts = kept.map(({ code, subscription, message_id, delivery_attempt, body, body_bytes }) =>
      [code, subscription, message_id, delivery_attempt, body.length, body_bytes].join(' '),
    );
    assert.deepEqual(facts.sort(), [
      'malformed_json    7 7',
      'validation_failed    2 2',
      `validation_failed    65536 ${long.length}`,
    ]);
  });

  it('but nothing of anybody whom nobody knows', async () => {
    const body = push({ messageId: '77', attributes: {} });
    for (const [token, status] of [
      ['', 401],
      [`${CALLER_TOKEN}x`, 401],
    ] as const) {
      assert.equal((await suite.call('sign-receipts/', body, token)).status, status);
      assert.equal((await suite.call('seal-ledger/', 'no push', token)).status, status);
    }
    assert.deepEqual(await rows(), []);
  });

  it('and nothing that may pass: the bus hears 500 and tries again', async () => {
    const client = await suite.organization(ACME);
    breakHeads();
    await client.send(usage('1', 'api_calls', '1', NOON));
    assert.equal((await suite.ring('sign-receipts', { tenant: 'acme' })).status, 500);
    mendHeads();
    assert.equal((await suite.ring('sign-receipts', { tenant: 'acme' })).status, 204);
    assert.equal((await suite.entriesOf('acme', 'charge')).length, 1);
    assert.deepEqual(await rows(), []);
  });

  describe('until a person has looked, while the suite is stopped', function () {
    this.slow(5000);

    it('--list shows it, --drop forgets it', async () => {
      await suite.call('sign-receipts/', push({ messageId: '77', attributes: {} }));
      const [row] = await rows();
      suite.clock.advance(1000);
      await suite.call('sign-receipts/', 'clears the screen: \u001b[2J');
      await suite.stop();
      const { path } = suite.folder;
      const listed = await errand(path, '--list');
      assert.equal(listed.code, 0, listed.complained);
      assert.match(
        listed.printed,
        new RegExp(
          `^${row?.id}  2026-03-10T12:00:00.000000Z once  projects/tallystick/subscriptions/sign-receipts message 77` +
            '  validation_failed: the message has no attribute tenant\n',
        ),
      );
      assert.ok(!listed.printed.includes('\u001b'), 'nothing in a body may move the cursor');
      assert.match(listed.printed, /\n2 set aside, 0 dead letters\n$/);
      const dropped = await errand(path, '--drop', row?.id ?? '');
      assert.deepEqual([dropped.code, dropped.printed], [0, `${row?.id} is forgotten\n`]);
      const again = await errand(path, '--drop', row?.id ?? '');
      assert.deepEqual([again.code, again.complained], [2, `nothing is set aside as ${row?.id}\n`]);
      assert.match((await errand(path, '--list')).printed, /\n1 set aside, 0 dead letters\n$/);
    });

    it('--ring rings a doorbell again, once what was wrong has been put right', async () => {
      const client = await suite.organization(ACME);
      breakHeads();
      await client.send(usage('1', 'api_calls', '1', NOON));
      await suite.platform.bus.idle();
      mendHeads();
      const [document] = suite.sql("SELECT document FROM accounts WHERE tenant='acme'");
      suite.sql(`UPDATE accounts SET document='{}'`);
      suite.clock.advance(1000);
      await suite.platform.bus.idle();
      const [row] = await rows();
      assert.deepEqual([row?.subscription, row?.code], ['sign-receipts', 'invalid_catalogue']);
      suite.sql('UPDATE accounts SET document=?', document?.['document'] ?? '');
      await suite.stop();
      const rung = await errand(suite.folder.path, '--ring', row?.id ?? '');
      assert.deepEqual([rung.code, rung.printed], [0, `${row?.id} is rung again\n`]);
      await suite.restart();
      await suite.platform.bus.idle();
      assert.equal((await suite.entriesOf('acme', 'charge')).length, 1);
      assert.deepEqual(await rows(), []);
    });

    it('--ring refuses what can never be answered, and keeps it', async () => {
      const data = Buffer.from('{"tenant":"emca"}').toString('base64');
      await suite.call('sign-receipts/', push({ messageId: '77', attributes: { tenant: 'acme' }, data }));
      await suite.call('sign-receipts/', push({ messageId: '78' }, { subscription: 'nobody' }));
      await suite.call('sign-receipts/', 'no push');
      const kept = await rows();
      await suite.stop();
      const complaints: string[] = [];
      for (const { id } of kept) {
        const { code, complained } = await errand(suite.folder.path, '--ring', id);
        complaints.push(`${code} ${complained}`);
      }
      assert.deepEqual(complaints.sort(), [
        '2 data and attributes do not say the same\n',
        '2 the body is not JSON in UTF-8 (RFC 8259)\n',
        '2 there is no subscription "nobody"\n',
      ]);
      await suite.restart();
      assert.equal((await rows()).length, 3);
    });

    it('dead letters are listed beside it, and rung', async () => {
      const client = await suite.organization(ACME);
      breakHeads();
      await client.send(usage('1', 'api_calls', '1', NOON));
      for (let attempt = 1; attempt <= 10; attempt++) {
        await suite.platform.bus.idle();
        suite.clock.advance(60_000);
      }
      await suite.platform.bus.idle();
      const letter = suite.platform.bus.deadLetters().find(({ topic }) => topic === usageAccepted('acme').topic);
      assert.ok(letter !== undefined);
      mendHeads();
      await suite.stop();
      const { path } = suite.folder;
      const { printed, complained } = await errand(path, '--list');
      assert.match(
        printed,
        new RegExp(`^letter-${letter.id}  \\S+  sign-receipts message ${letter.messageId}\n`),
        complained,
      );
      assert.match(printed, /\{"tenant":"acme"\} failed 10 times: Error: sign-receipts answered 500/);
      const unknown = await errand(path, '--ring', 'letter-999');
      assert.deepEqual([unknown.code, unknown.complained], [2, 'nothing is set aside as letter-999\n']);
      assert.equal((await errand(path, '--ring', `letter-${letter.id}`)).code, 0);
      await suite.restart();
      await suite.platform.bus.idle();
      assert.equal((await suite.entriesOf('acme', 'charge')).length, 1);
      assert.deepEqual(suite.platform.bus.deadLetters(), []);
    });

    it('says what it wants to be told', async () => {
      const { code, complained } = await errand(suite.folder.path, '--list', '--drop', 'x');
      assert.deepEqual([code, complained], [2, 'say one of --list, --drop and --ring\n']);
    });
  });
});
