import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { batchBody, keysIn, recordsIn, tenantName } from '../../scripts/bench/events.ts';
import { hasPostgres, type PostgresServer, startPostgres } from '../../scripts/bench/peers/postgres-server.ts';
import { isSignedBy, type SignedRow } from '../../scripts/bench/peers/signed-rows.ts';
import { apiKeyOf } from '../../scripts/bench/peers/signed-rows-front.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { canonicalEvent, parseUsageEvent } from '../../shared/domain/usage/event.ts';

const NOW = parseInstant('2026-03-01T12:00:00Z', 'test');
const peer = (name: string): string => fileURLToPath(new URL(`../../scripts/bench/peers/${name}.ts`, import.meta.url));

/** Runs a peer to its end. @returns the figures of the one line that it printed */
async function figuresOf(name: string, ...more: string[]): Promise<Readonly<Record<string, unknown>>> {
  const args = [peer(name), '--events', '1000', '--warmup', '500', ...more];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 1, stdout);
  const figures = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.equal(figures['peer'], name);
  assert.equal(figures['events'], 1000);
  for (const name of ['seconds', 'cpuMicrosPerEvent', 'bytesOnDiskPerEvent', 'eventsPerSecond']) {
    const figure = figures[name];
    assert.ok(typeof figure === 'number' && figure > 0, `${name}: ${figure}`);
  }
  return figures;
}

describe('the records that every measurement takes in', () => {
  const body = batchBody(7, 3, 500, NOW);

  it('are usage events that our own validator accepts, about 250 bytes each, all with other keys', () => {
    const items = JSON.parse(body.toString()) as unknown[];
    const events = items.map((item) => parseUsageEvent(item, tenantName(7) as TenantId));
    assert.equal(new Set(events.map(({ key }) => key)).size, 500);
    assert.ok(body.length / 500 > 200 && body.length / 500 < 300, `${body.length / 500} bytes`);
    for (const { time } of events) assert.ok(time >= '2026-03-01T11:59:59' && time < NOW, time);
  });

  it('are found in a body without parsing it', () => {
    const items = JSON.parse(body.toString()) as { readonly idempotency_key: string }[];
    assert.deepEqual(
      recordsIn(body, 500).map(String),
      items.map((item) => JSON.stringify(item)),
    );
    assert.deepEqual(
      keysIn(body, 500),
      items.map((item) => item.idempotency_key),
    );
  });

  it('are the same in every run, and other ones in every batch and for every tenant', () => {
    assert.deepEqual(batchBody(7, 3, 500, NOW), body);
    const keys = [batchBody(7, 4, 500, NOW), batchBody(8, 3, 500, NOW), body].flatMap((each) => keysIn(each, 500));
    assert.equal(new Set(keys).size, 1500);
  });
});

describe('peers that need nothing but this machine', () => {
  it('the floor keeps every event and prints its figures', () => figuresOf('floor'));

  it('a hypercore keeps every record, as it comes and with every append synced', async () => {
    assert.match(String((await figuresOf('hypercore-append'))['durability']), /power cut may lose it/);
    assert.match(String((await figuresOf('hypercore-append', '--sync'))['durability']), /synced/);
  });
});

describe('peers on PostgreSQL', () => {
  let server: PostgresServer | undefined;

  before(async function () {
    if (!hasPostgres()) {
      console.log('    not run: PostgreSQL (initdb, postgres) is not installed here');
      this.skip();
    }
    server = await startPostgres();
  });
  after(() => server?.stop());

  const url = (): string => server?.url ?? '';

  async function rowsOf<Row extends pg.QueryResultRow>(query: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    try {
      return (await client.query<Row>(query)).rows;
    } finally {
      await client.end();
    }
  }

  for (const statement of ['values', 'unnest', 'binary']) {
    it(`bare inserts keep every record as it was sent, handed over as ${statement}`, async () => {
      await figuresOf('postgres-bare', '--url', url(), '--tenants', '1', '--statement', statement);
      const rows = await rowsOf<{ tenant: string; key: string; content: string }>('SELECT * FROM bare_events');
      assert.equal(rows.length, 1500);
      for (const { tenant, key, content } of rows) {
        assert.equal(parseUsageEvent(JSON.parse(content), tenant as TenantId).key, key);
      }
    });
  }

  it('the server is durable as PostgreSQL comes', async () => {
    for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
      assert.deepEqual(await rowsOf(`SHOW ${name}`), [{ [name]: 'on' }]);
  });

  it('a server that was stopped leaves neither a process nor a folder', async () => {
    const another = await startPostgres();
    assert.ok(another);
    const folder = new URL(another.url).searchParams.get('host') ?? '';
    assert.ok(existsSync(folder));
    await another.stop();
    assert.ok(!existsSync(folder));
    assert.throws(() => process.kill(another.pid, 0), { code: 'ESRCH' });
  });

  for (const processes of [1, 2]) {
    describe(`a signature per event, in ${processes === 1 ? 'one process' : 'two processes'}`, () => {
      let child: ChildProcess;
      let address = '';

      before(async () => {
        const args = ['--url', url(), '--key', 'secret', '--tenants', '2', '--processes', String(processes)];
        const started = spawn(process.execPath, [peer('postgres-http'), ...args], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        child = started;
        const [line] = (await once(createInterface(started.stdout), 'line')) as [string];
        address = line.replace(/^listening /, '');
      });
      after(async () => {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        assert.deepEqual(await exit, [0, null], 'stops by itself');
      });

      const send = async (body: string, key = apiKeyOf('secret', tenantName(1))) => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
        const init = { method: 'POST', headers, body };
        const response = await fetch(`${address}/api/v1/billing/usage`, init);
        return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
      };

      it('keeps each event of a batch that came twice once, and every signature verifies', async () => {
        const body = batchBody(1, 0, 100, NOW).toString();
        const [one, other] = await Promise.all([send(body), send(body)]);
        assert.deepEqual([one.status, other.status], [202, 202]);
        assert.equal(Number(one.answer['accepted']) + Number(other.answer['accepted']), 100);
        const { answer } = await send(body);
        assert.deepEqual([answer['accepted'], answer['duplicates']], [0, 100]);

        const rows = await rowsOf<SignedRow & { signature: Buffer }>('SELECT * FROM signed_events');
        const [signing] = await rowsOf<{ public_key: string }>('SELECT public_key FROM signing_keys');
        const publicKey = createPublicKey(signing?.public_key ?? '');
        const items = JSON.parse(body) as unknown[];
        const sent = items.map((item) => canonicalEvent(parseUsageEvent(item, tenantName(1) as TenantId)));
        assert.deepEqual(rows.map(({ content }) => content).sort(), sent.sort());
        for (const { signature, ...row } of rows) {
          assert.ok(isSignedBy(row, signature, publicKey), row.key);
          assert.ok(!isSignedBy({ ...row, amount: `${row.amount}0` }, signature, publicKey), 'of another amount');
        }
      });

      it('rates an event: 2,000 units at 12 millionths each are 0.024, counted in 10^-12', async () => {
        const event = { idempotency_key: 'one', metric_name: 'requests', timestamp: NOW, quantity: '2000' };
        assert.equal((await send(JSON.stringify(event))).answer['accepted'], 1);
        assert.deepEqual(await rowsOf("SELECT amount FROM signed_events WHERE key = 'one'"), [
          { amount: '24000000000' },
        ]);
      });

      it('refuses a key it does not know, and a batch with an event that is none', async () => {
        assert.equal((await send(batchBody(0, 0, 1, NOW).toString(), 'secret.tenant-0002')).status, 401);
        const { status, answer } = await send('[{"metric_name":"requests"}]');
        assert.deepEqual([status, answer['code']], [422, 'invalid_timestamp']);
      });
    });
  }
});
