import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { bundleName } from '../../functions/archive-period/archive-period.ts';
import { signReceipts } from '../../functions/sign-receipts/sign-receipts.ts';
import { StorageVault } from '../../shared/adapters/storage/vault.ts';
import type { Entry } from '../../shared/domain/ledger/kinds.ts';
import { isConsistent, rootFromInclusion } from '../../shared/domain/ledger/proof.ts';
import { ROLES } from '../../shared/stores/account-store.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { checkedFetch } from '../support/contract.ts';
import { type StorageDouble, startStorageDouble } from '../support/doubles/storage.ts';
import { type Client, TestSuite } from '../support/suite.ts';

const API = '/api/v1/billing';
const NOON = '2026-03-01T12:00:00Z';
const plan = (tenant: string) =>
  accountOf(tenant, {
    unit: 'day',
    meters: { api_calls: { model: perUnit('0.5') }, seats: { aggregation: 'max', model: perUnit('10') } },
    subscriptions: ['main', 'side'],
  });
let keys = 0;
const calls = (quantity = '1', time = NOON, subscription_id = 'main') =>
  usage(`key-${++keys}`, 'api_calls', quantity, time, { subscription_id });

interface Page<T> {
  readonly data: readonly T[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}
interface Head {
  readonly size: number;
  readonly root: string;
  readonly last: string;
  readonly blind: string;
  readonly sealed: { readonly seal: number; readonly size: number; readonly root: string } | null;
  readonly consistency?: { readonly first: number; readonly second: number; readonly path: readonly string[] };
}
interface Receipt {
  readonly state: 'accepted' | 'billed';
  readonly text: string;
  readonly leaf_hash: string;
  readonly entry: Entry;
  readonly proof: {
    readonly log: Step & { readonly index: number; readonly size: number };
    readonly head: Step & { readonly index: number; readonly size: number; readonly line: string };
    readonly seal: Step & { readonly record: string };
    readonly checkpoint: string;
  } | null;
}
interface Step {
  readonly path: readonly string[];
}
interface Problem {
  readonly code: string;
  readonly request_id: string;
  readonly param?: string;
}

describe('the API answers a tenant', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    acme = await suite.organization(plan('acme'));
  });
  afterEach(() => suite.close());

  const problemOf = async (response: Response): Promise<Problem> => (await response.json()) as Problem;
  const codeOf = async (client: Client, path: string): Promise<string> => {
    const response = await client.get(path);
    assert.match(response.headers.get('content-type') ?? '', /problem\+json/, path);
    return `${response.status} ${(await problemOf(response)).code}`;
  };
  /** A day of usage, closed, sealed and archived. */
  const closeDay = async (day = '2026-03-02') => {
    suite.goTo(`${day}T01:00:00Z`);
    await suite.runInvoices();
    await suite.settle();
  };

  describe('what was used and what it costs', () => {
    it('usage so far, by meter and subscription: 1.5 + 2 calls, at most 7 seats, and 4 calls on the side', async () => {
      await acme.send([
        ...[calls('1.5'), calls('2'), calls('4', NOON, 'side')],
        usage('a', 'seats', '7', NOON, { subscription_id: 'main' }),
        usage('b', 'seats', '3', NOON, { subscription_id: 'main' }),
      ]);
      await suite.settle();
      const summary = await acme.read<{ as_of_seq: number; data: Record<string, unknown>[] }>(`${API}/usage/summary`);
      const row = (
        subscription_id: string,
        metric_name: string,
        aggregation: string,
        value: string,
        events: number,
      ) => ({
        ...{ subscription_id, metric_name, aggregation, value, events },
        period_start: '2026-03-01T00:00:00.000000Z',
        period_end: '2026-03-02T00:00:00.000000Z',
      });
      assert.deepEqual(summary.data, [
        row('main', 'api_calls', 'sum', '3.5', 2),
        row('main', 'seats', 'max', '7', 2),
        row('side', 'api_calls', 'sum', '4', 1),
      ]);
      // Genesis, two openings, five charges: the last entry is number 7.
      assert.equal(summary.as_of_seq, 7);
      const only = async (query: string) =>
        (await acme.read<{ data: { value: string }[] }>(`${API}/usage/summary?${query}`)).data.map(
          ({ value }) => value,
        );
      assert.deepEqual(await only('metric_name=api_calls'), ['3.5', '4']);
      assert.deepEqual(await only('subscription_id=side&metric_name=api_calls'), ['4']);
      assert.deepEqual(await only('metric_name=unheard_of'), []);
      assert.equal(await codeOf(acme, `${API}/usage/summary?metric_name=%27%20OR%201=1`), '422 invalid_id');
    });

    it('an invoice with its lines, and the list it stands in', async () => {
      await acme.send(calls('7'));
      await suite.settle();
      await closeDay();
      const list = await acme.read<Page<Record<string, unknown>>>(`${API}/invoices`);
      assert.deepEqual([list.has_more, list.next_cursor], [false, null]);
      assert.deepEqual(
        list.data.map(({ number, subscription_id, total, state, issued_at }) => ({
          number,
          subscription_id,
          total,
          state,
          issued_at,
        })),
        [
          {
            ...{ number: 'INV-2026-000001', subscription_id: 'main', state: 'open' },
            ...{ total: { amount: '350', currency: 'USD' }, issued_at: '2026-03-02T01:00:00.000000Z' },
          },
          {
            // Nothing is due on it.
            ...{ number: 'INV-2026-000002', subscription_id: 'side', state: 'paid' },
            ...{ total: { amount: '0', currency: 'USD' }, issued_at: '2026-03-02T01:00:00.000000Z' },
          },
        ],
      );
      const invoice = await acme.read<{ lines: { exact: string; amount: string }[]; document: { total: string } }>(
        `${API}/invoices/INV-2026-000001`,
      );
      assert.deepEqual(
        invoice.lines.map(({ exact, amount }) => [exact, amount]),
        [['3.5', '350']],
      );
      assert.equal(invoice.document.total, '350');
    });

    it('the evidence, byte for byte as the vault has it, with its digest beforehand', async () => {
      await acme.send(calls('7'));
      await suite.settle();
      await closeDay();
      const { data } = await acme.read<Page<Record<string, unknown>>>(`${API}/evidence`);
      const response = await acme.get(`${API}/evidence/INV-2026-000001`, { Accept: 'application/x-tar' });
      const bytes = Buffer.from(await response.arrayBuffer());
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'application/x-tar');
      assert.equal(response.headers.get('content-disposition'), 'attachment; filename="INV-2026-000001.tar"');
      assert.ok(bytes.equals((await suite.platform.vault.read(bundleName('acme', 'INV-2026-000001')))!));
      assert.equal(data[0]!['sha256'], createHash('sha256').update(bytes).digest('hex'));
      assert.deepEqual([data[0]!['state'], data[0]!['bytes']], ['archived', bytes.length]);
      assert.ok(
        suite.lines.some(
          ({ event, facts }) => event === 'evidence_downloaded' && facts['number'] === 'INV-2026-000001',
        ),
      );
      const json = await acme.get(`${API}/evidence/INV-2026-000001`, { Accept: 'application/json' });
      assert.equal(`${json.status} ${(await problemOf(json)).code}`, '406 not_acceptable');
    });
  });

  describe('where the vault hands out addresses', () => {
    const EVIDENCE = `${API}/evidence/INV-2026-000001`;
    let double: StorageDouble;

    beforeEach(async () => {
      await acme.send(calls('7'));
      await suite.settle();
      await closeDay();
      // The same bundles in a bucket, links by the suite's own clock: what this vault cannot do, that one does for it.
      double = await startStorageDouble({ clock: suite.clock });
      const { project, bucket, endpoint, clock, credentials } = double;
      const storage = new StorageVault({ project, bucket, endpoint, clock, credentials });
      const { vault } = suite.platform;
      for (const name of await vault.list('evidence/')) await storage.create(name, (await vault.read(name))!);
      Object.assign(vault, { link: storage.link.bind(storage) });
    });
    afterEach(() => double.close());

    const ask = (client: Client): Promise<Response> =>
      checkedFetch(`${suite.url}${EVIDENCE}`, {
        redirect: 'manual',
        headers: { Authorization: `Bearer ${client.key}` },
      });
    const downloads = (): number => suite.lines.filter(({ event }) => event === 'evidence_downloaded').length;

    it('the evidence is one address away: 303, not to be kept, without a byte of it', async () => {
      const response = await ask(acme);
      assert.equal(response.status, 303);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal((await response.arrayBuffer()).byteLength, 0);
      const address = response.headers.get('location')!;
      const file = await fetch(address);
      assert.equal(file.headers.get('content-disposition'), 'attachment; filename="INV-2026-000001.tar"');
      const stored = await suite.platform.vault.read(bundleName('acme', 'INV-2026-000001'));
      assert.ok(Buffer.from(await file.arrayBuffer()).equals(stored!));
      assert.equal(downloads(), 1);
      assert.ok(!JSON.stringify(suite.lines).includes('X-Goog-Signature'), 'the log does not know the address');
      // Whoever follows addresses by itself has the file, as if it had been the answer.
      assert.ok(Buffer.from(await (await acme.get(EVIDENCE)).arrayBuffer()).equals(stored!));
    });

    it('the address lives for 300 seconds', async () => {
      const address = (await ask(acme)).headers.get('location')!;
      suite.clock.advance(299_000);
      assert.equal((await fetch(address)).status, 200);
      suite.clock.advance(1000);
      assert.equal((await fetch(address)).status, 400);
    });

    it('nobody is given an address who would not be given the bytes', async () => {
      const other = await suite.organization(plan('umbrella'));
      const before = double.count('link');
      for (const [headers, status] of [
        [{ Authorization: `Bearer ${other.key}` }, 404],
        [{ Authorization: `Bearer ${acme.key}x` }, 401],
        [{}, 401],
      ] as const) {
        const response = await checkedFetch(`${suite.url}${EVIDENCE}`, { redirect: 'manual', headers });
        assert.equal(response.status, status);
        assert.equal(response.headers.get('location'), null);
      }
      assert.equal(await codeOf(acme, `${API}/evidence/INV-2026-000009`), '404 not_found');
      assert.deepEqual([downloads(), double.count('link')], [0, before]);
    });
  });

  describe('with every receipt', () => {
    it('an event is accepted first, then billed without a proof, then billed with one', async () => {
      await acme.send(calls());
      await suite.settle();
      await suite.platform.bus.stop();
      const waiting = (await acme.send(calls('2'))).results[0]!.receipt_id!;
      assert.deepEqual(await acme.read(`${API}/receipts/${waiting}`), { receipt_id: waiting, state: 'accepted' });
      await suite.restart();
      await suite.sweep();
      await suite.platform.bus.idle();
      assert.equal((await acme.read<Receipt>(`${API}/receipts/${waiting}`)).entry.seq, '3');
      // That one was sealed at once; another seal is due ten seconds later.
      const next = (await acme.send(calls('3'))).results[0]!.receipt_id!;
      await suite.platform.bus.idle();
      const unsealed = await acme.read<Receipt>(`${API}/receipts/${next}`);
      assert.deepEqual([unsealed.state, unsealed.entry.seq, unsealed.proof], ['billed', '4', null]);
      await suite.settle();
      const sealed = await acme.read<Receipt>(`${API}/receipts/${next}`);
      assert.equal(sealed.proof?.log.size, 5);
      assert.equal(sealed.text, unsealed.text);
    });

    it('a tenant that nobody has sealed yet has receipts without proofs', async () => {
      await suite.platform.bus.stop();
      const quiet = { ...suite.platform, bus: { publish: async () => undefined } };
      const id = (await acme.send(calls())).results[0]!.receipt_id!;
      await signReceipts(acme.tenant, quiet);
      assert.equal((await acme.read<Receipt>(`${API}/receipts/${id}`)).proof, null);
    });

    it('700 receipts in a log of 702: a proof leads from each one’s own bytes to the signed checkpoint', async () => {
      await (await suite.organization(plan('umbrella'))).send(calls());
      await (await suite.organization(plan('initech'))).send(calls());
      const { results } = await acme.send(Array.from({ length: 700 }, () => calls()));
      await suite.settle();
      await acme.send(calls());
      await suite.platform.bus.idle();
      const { keys: jwks } = (await (await checkedFetch(`${suite.url}/.well-known/jwks.json`)).json()) as {
        keys: { kid: string; kty: string; n: string; e: string }[];
      };
      const head = await acme.read<Head>(`${API}/ledger/head`);
      const leaf = (text: string): Buffer => createHash('sha256').update('\0').update(text, 'utf8').digest();
      const rootOf = (text: string, index: number, size: number, { path }: Step): string =>
        rootFromInclusion(
          leaf(text),
          index,
          size,
          path.map((hash) => Buffer.from(hash, 'base64url')),
        )!.toString('base64url');

      for (const place of [0, 1, 253, 254, 255, 400, 509, 510, 698, 699]) {
        const { text, entry, proof, leaf_hash } = await acme.read<Receipt>(
          `${API}/receipts/${results[place]!.receipt_id}`,
        );
        assert.equal(leaf_hash, leaf(text).toString('base64url'));
        assert.equal(entry.typ === 'charge' && entry.event_id, results[place]!.receipt_id);
        const line = JSON.parse(proof!.head.line) as { tenant: string; root: string; size: string };
        assert.equal(rootOf(text, Number(entry.seq), Number(line.size), proof!.log), line.root, `receipt ${place}`);
        const blinded = createHash('sha256').update(`tenant/v1\nledger.localhost/dev\n${head.blind}\nacme\n`);
        assert.equal(line.tenant, blinded.digest('base64url'));
        const record = JSON.parse(proof!.seal.record) as { heads_root: string; heads_count: string; n: string };
        assert.equal(record.heads_count, '3');
        assert.equal(rootOf(proof!.head.line, proof!.head.index, 3, proof!.head), record.heads_root);
        const [header, payload, signature] = proof!.checkpoint.split('.') as [string, string, string];
        const [origin, size, root] = Buffer.from(payload, 'base64url').toString().split('\n');
        assert.deepEqual([origin, size], ['ledger.localhost/dev', String(Number(record.n) + 1)]);
        const sealRoot = rootOf(proof!.seal.record, Number(record.n), Number(size), proof!.seal);
        assert.equal(Buffer.from(root!, 'base64').toString('base64url'), sealRoot);
        const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string; kid: string };
        const key = createPublicKey({ key: jwks.find((each) => each.kid === kid)!, format: 'jwk' });
        assert.equal(alg, 'RS256');
        assert.ok(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')));
      }
    });

    it('where the log stands, where it was last sealed, and that it only ever grew', async () => {
      await acme.send(Array.from({ length: 300 }, () => calls()));
      await suite.settle();
      const before = await acme.read<Head>(`${API}/ledger/head`);
      assert.deepEqual([before.size, before.sealed?.size, before.sealed?.root], [302, 302, before.root]);
      await acme.send(Array.from({ length: 250 }, () => calls()));
      await suite.platform.bus.idle();
      const now = await acme.read<Head>(`${API}/ledger/head?since=302`);
      assert.equal(now.size, 552);
      assert.deepEqual([now.sealed?.size, now.sealed?.root], [552, now.root]);
      const { first, second, path } = now.consistency!;
      const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');
      assert.deepEqual([first, second], [302, 552]);
      assert.ok(isConsistent(302, bytes(before.root), 552, bytes(now.root), path.map(bytes)));
      assert.ok(!isConsistent(302, bytes(now.last), 552, bytes(now.root), path.map(bytes)));
      // Less than ten seconds later the log is ahead of its seal.
      await acme.send(calls());
      await suite.platform.bus.idle();
      const ahead = await acme.read<Head>(`${API}/ledger/head`);
      assert.deepEqual([ahead.size, ahead.sealed?.size], [553, 552]);
      for (const since of ['0', '554', '-1', '1.5', 'x', '', '1e2', '999999999999999999']) {
        assert.equal(await codeOf(acme, `${API}/ledger/head?since=${since}`), '400 invalid_parameter', since);
      }
    });

    it('an organization that has used nothing has an empty ledger, not an error', async () => {
      const idle = await suite.organization(plan('idle'));
      assert.deepEqual(await idle.read(`${API}/ledger/head`), {
        ledger: 'ledger.localhost/dev',
        tenant: 'idle',
        size: 0,
      });
      for (const list of ['receipts', 'invoices', 'evidence']) {
        assert.deepEqual(await idle.read(`${API}/${list}`), { data: [], has_more: false, next_cursor: null }, list);
      }
      assert.deepEqual(await idle.read(`${API}/usage/summary`), {
        as_of_seq: null,
        data: [],
        has_more: false,
        next_cursor: null,
      });
    });
  });

  describe('page by page', () => {
    const allOf = async <T>(path: string, limit: number): Promise<T[][]> => {
      const pages: T[][] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const page: Page<T> = await acme.read<Page<T>>(`${path}?limit=${limit}${more}`);
        assert.equal(page.has_more, page.next_cursor !== null);
        pages.push([...page.data]);
        cursor = page.next_cursor;
      }
      return pages;
    };

    it('47 entries by 20 are 20, 20 and 7, in order, none twice; receipts that come meanwhile are at the end', async () => {
      await acme.send(Array.from({ length: 44 }, () => calls()));
      await suite.settle();
      const first = await acme.read<Page<Entry>>(`${API}/receipts`);
      await acme.send(calls());
      await suite.settle();
      const rest = await acme.read<Page<Entry>>(`${API}/receipts?limit=100&cursor=${first.next_cursor}`);
      assert.deepEqual(
        [...first.data, ...rest.data].map(({ seq }) => seq),
        Array.from({ length: 47 }, (_, seq) => String(seq)),
      );
      assert.deepEqual(
        (await allOf<Entry>(`${API}/receipts`, 20)).map(({ length }) => length),
        [20, 20, 7],
      );
      // A page that is exactly full is the last one.
      assert.deepEqual(
        (await allOf<Entry>(`${API}/receipts`, 47)).map(({ length }) => length),
        [47],
      );
    });

    it('invoices and evidence too: 6 invoices by 4', async () => {
      for (const day of ['02', '03', '04']) await closeDay(`2026-03-${day}`);
      for (const list of ['invoices', 'evidence']) {
        const pages = await allOf<{ number: string }>(`${API}/${list}`, 4);
        assert.deepEqual(
          pages.map((page) => page.length),
          [4, 2],
          list,
        );
        assert.deepEqual(
          pages.flat().map(({ number }) => number),
          [1, 2, 3, 4, 5, 6].map((n) => `INV-2026-00000${n}`),
          list,
        );
      }
    });

    it('a cursor that was edited, or is of another tenant or another list, is refused', async () => {
      const other = await suite.organization(plan('umbrella'));
      for (const client of [acme, other]) await client.send(Array.from({ length: 30 }, () => calls()));
      await suite.settle();
      for (const day of ['02', '03']) await closeDay(`2026-03-${day}`);
      const cursorOf = async (client: Client, list: string) =>
        (await client.read<Page<unknown>>(`${API}/${list}?limit=1`)).next_cursor!;
      const mine = await cursorOf(acme, 'receipts');
      const [after, mac] = mine.split('.') as [string, string];
      const later = Buffer.from('9').toString('base64url');
      const wrong = [
        ...[await cursorOf(other, 'receipts'), await cursorOf(acme, 'invoices'), await cursorOf(acme, 'evidence')],
        ...[
          `${later}.${mac}`,
          `${after}.${mac.slice(0, -1)}`,
          `${after}.`,
          after,
          `.${mac}`,
          `${mine}.x`,
          `${mine}%3D`,
        ],
        ...['%27%20OR%201=1--', '..%2f..%2fetc', 'x'.repeat(2000), '%00', ''],
      ];
      for (const cursor of wrong) {
        assert.equal(await codeOf(acme, `${API}/receipts?cursor=${cursor}`), '400 invalid_cursor', cursor);
      }
      assert.equal(await codeOf(acme, `${API}/invoices?cursor=${mine}`), '400 invalid_cursor');
      assert.equal(
        await codeOf(acme, `${API}/evidence?cursor=${await cursorOf(acme, 'invoices')}`),
        '400 invalid_cursor',
      );
      assert.equal((await acme.get(`${API}/receipts?cursor=${mine}`)).status, 200);
    });

    it('a cursor survives a restart', async () => {
      await acme.send(Array.from({ length: 3 }, () => calls()));
      await suite.settle();
      const { next_cursor } = await acme.read<Page<Entry>>(`${API}/receipts?limit=2`);
      await suite.restart();
      const { data } = await acme.read<Page<Entry>>(`${API}/receipts?cursor=${next_cursor}`);
      assert.equal(data[0]!.seq, '2');
    });

    it('a page has 1 to 100 entries and nothing else', async () => {
      for (const limit of ['0', '101', '-1', '1.0', '05', '1e1', '', 'all', '%31%30%30%30']) {
        assert.equal(await codeOf(acme, `${API}/receipts?limit=${limit}`), '400 invalid_parameter', limit);
      }
      for (const query of ['limit=1&limit=2', 'offset=3', 'Limit=3', 'cursor[]=x']) {
        assert.equal(await codeOf(acme, `${API}/invoices?${query}`), '400 invalid_parameter', query);
      }
    });
  });

  describe('who shows a key', () => {
    const READS = [
      'usage/summary',
      'invoices',
      'invoices/INV-2026-000001',
      'evidence',
      'evidence/INV-2026-000001',
      'receipts',
      'ledger/head',
    ];
    const asking = (path: string, authorization?: string): Promise<Response> =>
      checkedFetch(
        `${suite.url}${path}`,
        authorization === undefined ? {} : { headers: { Authorization: authorization } },
      );

    it('no credentials, or another kind of them, are 401 everywhere and say what is wanted', async () => {
      for (const path of READS) {
        for (const authorization of [
          undefined,
          '',
          'Bearer',
          'Bearer ',
          'Basic YWNtZTp4',
          acme.key,
          `Bearer ${acme.key} x`,
        ]) {
          const response = await asking(`${API}/${path}`, authorization);
          assert.equal(response.status, 401, `${path} ${authorization}`);
          assert.equal(response.headers.get('www-authenticate'), 'Bearer');
          assert.equal((await problemOf(response)).code, 'missing_credentials');
        }
      }
    });

    it('a wrong, unknown, expired, revoked or foreign key gets one and the same answer', async () => {
      const { key } = acme;
      const [, environment, id, secret] = /^tsk_([a-z]+)_eu_([a-z0-9]+)_(.+)$/.exec(key)!;
      const expiring = await suite.client('acme', 'tenant_admin', '2026-03-01T13:00:00Z');
      const revoked = await suite.client('acme');
      suite.sql('UPDATE api_keys SET revoked_at=? WHERE key_id=?', NOON, revoked.key.split('_')[3]!);
      suite.goTo('2026-03-01T12:59:59.999999Z');
      assert.equal((await expiring.get(`${API}/ledger/head`)).status, 200);
      suite.goTo('2026-03-01T13:00:00Z');
      const wrong = {
        ...{ expired: expiring.key, revoked: revoked.key },
        'other secret': `tsk_${environment}_eu_${id}_${secret!.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
        'other id': `tsk_${environment}_eu_${'0'.repeat(16)}_${secret}`,
        'other environment': key.replace('tsk_dev_', 'tsk_live_'),
        ...{
          'cut short': key.slice(0, -1),
          garbage: 'x',
          'with a newline': `${key}%0a`,
          'in capitals': key.toUpperCase(),
        },
      };
      const answers = new Set<string>();
      for (const [what, text] of Object.entries(wrong)) {
        const response = await asking(`${API}/ledger/head`, `Bearer ${text}`);
        const { request_id, ...problem } = await problemOf(response);
        assert.equal(`${response.status} ${problem.code}`, '401 invalid_credentials', what);
        assert.equal(request_id, response.headers.get('x-request-id'));
        answers.add(JSON.stringify([problem, response.headers.get('www-authenticate')]));
      }
      assert.equal(answers.size, 1);
      assert.equal((await acme.get(`${API}/ledger/head`)).status, 200);
    });

    it('a key in the address is never taken, and never repeated', async () => {
      const response = await asking(`${API}/ledger/head?api_key=${acme.key}`);
      assert.equal(response.status, 401);
      assert.doesNotMatch(await response.text(), /tsk_/);
      assert.doesNotMatch(JSON.stringify(suite.lines), /tsk_/);
    });

    it('of five roles all may read and only tenant_admin may send usage', async () => {
      for (const role of ROLES) {
        const client = await suite.client('acme', role);
        assert.equal((await client.get(`${API}/ledger/head`)).status, 200, role);
        const before = suite.counts();
        const response = await client.post(JSON.stringify(calls()));
        if (role === 'tenant_admin') {
          assert.equal(response.status, 202);
          await suite.settle();
          continue;
        }
        assert.equal(`${response.status} ${(await problemOf(response)).code}`, '403 insufficient_scope', role);
        assert.deepEqual(suite.counts(), before);
      }
    });

    it('what is another tenant’s looks exactly like what does not exist', async () => {
      const [sent] = (await acme.send(calls('7'))).results;
      await suite.settle();
      await closeDay();
      const stranger = await suite.organization(plan('stranger'));
      const receipt_id = sent!.receipt_id!;
      const absentId = `${receipt_id.slice(0, 20)}${receipt_id[20] === 'A' ? 'B' : 'A'}${receipt_id.slice(21)}`;
      for (const [theirs, absent] of [
        [`receipts/${receipt_id}`, `receipts/${absentId}`],
        ['invoices/INV-2026-000001', 'invoices/INV-2026-999999'],
        ['evidence/INV-2026-000001', 'evidence/INV-2026-999999'],
      ] as const) {
        assert.equal((await acme.get(`${API}/${theirs}`, { Accept: '*/*' })).status, 200);
        const [one, other] = await Promise.all(
          [theirs, absent].map(async (path) => {
            const response = await stranger.get(`${API}/${path}`);
            const id = response.headers.get('x-request-id')!;
            const headers = [...response.headers]
              .filter(([name]) => name !== 'date')
              .map(([name, value]) => [name, value === id ? '' : value]);
            return { status: response.status, headers, body: (await response.text()).replace(id, '') };
          }),
        );
        assert.equal(one!.status, 404, theirs);
        assert.deepEqual(one, other, theirs);
      }
    });
  });

  describe('and anybody', () => {
    it('the keys, as a JWK set', async () => {
      const response = await checkedFetch(`${suite.url}/.well-known/jwks.json`);
      assert.equal(response.headers.get('content-type'), 'application/jwk-set+json');
      const { keys: jwks } = (await response.json()) as {
        keys: { kty: string; alg: string; purpose: string; d?: string }[];
      };
      assert.deepEqual(
        jwks.map(({ kty, alg, purpose }) => [kty, alg, purpose]),
        [
          ['RSA', 'RS256', 'checkpoint'],
          ['RSA', 'RS256', 'evidence'],
        ],
      );
      assert.ok(jwks.every((key) => !('d' in key) && !('p' in key)));
    });

    it('the latest checkpoint, once there is one', async () => {
      const path = '/.well-known/tallystick/checkpoint';
      assert.equal((await checkedFetch(`${suite.url}${path}`)).status, 404);
      await acme.send(calls());
      await suite.settle();
      const latest = await suite.platform.seals.latest();
      assert.deepEqual(await (await checkedFetch(`${suite.url}${path}`)).json(), {
        ledger: 'ledger.localhost/dev',
        record: latest.signed!.record,
        checkpoint: latest.signed!.jws,
      });
    });

    it('whether it lives', async () => {
      assert.deepEqual(await (await checkedFetch(`${suite.url}/healthz`)).json(), { status: 'ok' });
    });

    it('what is not there is 404, what is not asked so is 405 with what is, what cannot be said so is 406', async () => {
      for (const path of [
        '/',
        '/api',
        `${API}`,
        `${API}/`,
        `${API}/invoices/`,
        `${API}/Invoices`,
        '/healthz/',
        '/_functions/',
        '/_functions/api/healthz',
        '/admin',
        '/internal/sweep',
      ]) {
        assert.equal(await codeOf(acme, path), '404 not_found', path);
      }
      for (const [method, path, allow] of [
        ['PUT', `${API}/invoices`, 'GET, HEAD, POST'],
        ['DELETE', `${API}/invoices/INV-2026-000001`, 'GET, HEAD'],
        ['PUT', '/healthz', 'GET, HEAD'],
        ['GET', `${API}/usage`, 'POST'],
        ['OPTIONS', `${API}/usage`, 'POST'],
        ['GET', '/_functions/sign-receipts/', 'POST'],
      ] as const) {
        const response = await checkedFetch(`${suite.url}${path}`, {
          method,
          headers: { Authorization: `Bearer ${acme.key}` },
        });
        assert.equal(response.status, 405, `${method} ${path}`);
        assert.equal(response.headers.get('allow'), allow);
      }
      const xml = await acme.get(`${API}/invoices`, { Accept: 'application/xml' });
      assert.equal(`${xml.status} ${(await problemOf(xml)).code}`, '406 not_acceptable');
      const head = await checkedFetch(`${suite.url}/healthz`, { method: 'HEAD' });
      assert.deepEqual([head.status, await head.text()], [200, '']);
    });

    it('every answer has an id of its own and asks not to be kept', async () => {
      const ids = new Set<string>();
      for (const path of ['/healthz', `${API}/receipts`, '/nowhere']) {
        const { headers } = await acme.get(path);
        ids.add(headers.get('x-request-id')!);
        assert.equal(headers.get('cache-control'), 'no-store', path);
        assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      }
      assert.equal(ids.size, 3);
    });
  });

  it('while the store is closed every answer, healthz too, is 503: come again', async () => {
    await suite.platform.database.close();
    for (const path of ['/healthz', `${API}/receipts`]) {
      const response = await acme.get(path);
      assert.equal(`${response.status} ${(await problemOf(response)).code}`, '503 temporarily_unavailable', path);
      assert.ok(Number(response.headers.get('retry-after')) >= 1);
    }
  });
});
