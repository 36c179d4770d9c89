import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Instant, plusMicros } from '../../shared/domain/time.ts';
import { Guesses } from '../../shared/edge/guesses.ts';
import { Refusal } from '../../shared/edge/http/problem.ts';
import { sourceOf } from '../../shared/edge/source.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { checkedFetch } from '../support/contract.ts';
import { at, type Client, SECOND, TestSuite } from '../support/suite.ts';

const NOON = at('2026-03-01T12:00:00Z');
const RATE = { perSecond: 1, burst: 5 };

describe('where a request comes from', () => {
  const from = (forwarded: string | undefined, hops: number, peer = '169.254.1.1'): string =>
    sourceOf({ headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, peer }, hops);

  it('is the other end of the connection where nobody stands in front, whatever the field says', () => {
    assert.equal(from('127.0.0.1', 0, '203.0.113.9'), '203.0.113.9');
    assert.equal(from(undefined, 0, '::ffff:203.0.113.9'), '203.0.113.9');
  });

  it('is the address that Google’s load balancer appends, the last but one, behind whatever was there', () => {
    for (const forged of ['', '127.0.0.1,', '127.0.0.1, 10.0.0.1, 198.51.100.7, ', 'x,,;,"unknown",', '\u00ff,'])
      assert.equal(from(`${forged}203.0.113.9,34.120.0.1`, 2), '203.0.113.9', forged);
  });

  it('is who called our door where fewer addresses are told than our proxies append, or none that is one', () => {
    for (const short of [undefined, '', '127.0.0.1', 'localhost,34.120.0.1', '1.2.3,34.120.0.1', ',34.120.0.1'])
      assert.equal(from(short, 2), '169.254.1.1', short);
  });

  it('is the /64 of an IPv6 address, however it is written: 2001:db8:1:2::1 is 2001:DB8:1:2:ffff:0:0:9', () => {
    for (const address of [
      '2001:db8:1:2::1',
      '2001:DB8:1:2:ffff:0:0:9',
      '2001:0db8:0001:0002::',
      '2001:db8:1:2::1.2.3.4',
    ])
      assert.equal(from(`${address},34.120.0.1`, 2), '2001:db8:1:2::/64');
    assert.equal(from('2001:db8:1:3::1,34.120.0.1', 2), '2001:db8:1:3::/64');
    assert.equal(from('::1,34.120.0.1', 2), '0:0:0:0::/64');
    assert.equal(from(undefined, 0, 'fe80::1%eth0'), 'fe80:0:0:0::/64');
    // IPv4 within IPv6 stays one address: the /64 of them all would be everybody.
    assert.equal(from('::ffff:cb00:7109,34.120.0.1', 2), '203.0.113.9');
  });

  it('never follows what the caller writes, whatever that is', () => {
    const piece = fc.constantFrom(
      '127.0.0.1',
      '::1',
      '198.51.100.7',
      ',',
      ', ',
      ' ',
      '"',
      '%',
      ':',
      '[',
      '\u00ff',
      'for=x;',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (forged) => {
        assert.equal(from(`${forged.join('')},203.0.113.9, 34.120.0.1`, 2), '203.0.113.9');
      }),
    );
  });
});

describe('guesses', () => {
  let now: Instant;
  let guesses: Guesses;
  beforeEach(() => {
    now = NOON;
    guesses = new Guesses(RATE);
  });
  const later = (milliseconds: number): void => {
    now = plusMicros(now, BigInt(milliseconds) * 1000n);
  };
  const answerOf = (error: unknown): string => {
    assert.ok(error instanceof Refusal && error.code === 'rate_limited', String(error));
    return `429 in ${String(error.headers['Retry-After'])} s`;
  };
  interface Tried {
    readonly source?: string;
    readonly keyId?: string | undefined;
    readonly credential?: string;
    readonly good?: boolean;
  }
  const looked: string[] = [];
  /** What whoever sends this credential is answered; `looked` has it if it was looked at. */
  const tried = ({ source = 'here', keyId, credential = 'x', good = false }: Tried): string => {
    const attempt = { source, keyId, credential };
    try {
      guesses.begin(attempt, now);
    } catch (error) {
      return answerOf(error);
    }
    looked.push(credential);
    if (good) guesses.wasGood(attempt);
    const refusal = good ? undefined : guesses.wasWrong(attempt, now);
    return good ? '200' : refusal === undefined ? '401' : answerOf(refusal);
  };
  const times = (count: number, attempt: Tried): string[] => Array.from({ length: count }, () => tried(attempt));

  it('are 401 five times, then 429, and one more each second', () => {
    assert.deepEqual(times(7, {}), ['401', '401', '401', '401', '401', '429 in 1 s', '429 in 1 s']);
    later(999);
    assert.equal(tried({}), '429 in 1 s');
    later(1);
    assert.deepEqual(times(2, {}), ['401', '429 in 1 s']);
  });

  it('of one address are none of another’s', () => {
    times(9, {});
    assert.equal(tried({ source: 'there' }), '401');
  });

  it('keep out nobody with a good credential, were it the first that is ever seen of it', () => {
    times(50, {});
    assert.deepEqual(times(30, { keyId: 'k1', credential: 'good', good: true }), Array(30).fill('200'));
  });

  it('and good ones count for nothing: a hundred, then five wrong ones', () => {
    times(100, { keyId: 'k1', credential: 'good', good: true });
    assert.deepEqual(times(6, { keyId: 'k1' }).slice(4), ['401', '429 in 1 s']);
  });

  it('at the secret of one key are not looked at any more after five: the sixth gets no answer even if it is right', () => {
    times(5, { keyId: 'k1' });
    looked.length = 0;
    assert.equal(tried({ keyId: 'k1', credential: 'by chance', good: true }), '429 in 1 s');
    assert.deepEqual(looked, []);
    later(1000);
    assert.equal(tried({ keyId: 'k1', credential: 'by chance', good: true }), '200');
  });

  it('nor keep out the key’s holder at the same address, whose secret has been good before', () => {
    tried({ keyId: 'k1', credential: 'good', good: true });
    times(50, { keyId: 'k1' });
    assert.equal(tried({ keyId: 'k1', credential: 'good', good: true }), '200');
    // A new secret of that key is known elsewhere at once; here after its first good use.
    assert.equal(tried({ source: 'there', keyId: 'k1', credential: 'rotated', good: true }), '200');
    assert.equal(tried({ keyId: 'k1', credential: 'rotated', good: true }), '200');
  });

  it('what was good and is no more is looked at, and wrong', () => {
    tried({ keyId: 'k1', credential: 'good', good: true });
    times(50, { keyId: 'k1' });
    assert.equal(tried({ keyId: 'k1', credential: 'good' }), '429 in 1 s');
    assert.equal(looked.at(-1), 'good');
  });

  it('0 a second is no limit', () => {
    guesses = new Guesses({ perSecond: 0, burst: 1 });
    assert.deepEqual(new Set(times(100, { keyId: 'k1' })), new Set(['401']));
  });

  it('take so much memory and no more, whoever comes with whatever', () => {
    for (let i = 0; i < 21_000; i++) {
      tried({ source: `s${i}`, keyId: `k${i}` });
      tried({ credential: `c${i}`, good: true });
    }
    assert.deepEqual(guesses.sizes, [20_000, 20_000, 20_000]);
    // A source that floods with made-up keys does not forget itself.
    for (let i = 0; i < 21_000; i++) tried({ source: 'flood', keyId: `m${i}` });
    assert.equal(tried({ source: 'flood' }), '429 in 1 s');
  });

  it('are never answered 401 more often than burst + rate x time, whatever the pauses and whoever is good in between', () => {
    const steps = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 1500 }), fc.constantFrom('k1', 'k2', undefined), fc.boolean()),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(steps, (all) => {
        [now, guesses] = [NOON, new Guesses(RATE)];
        let [told, passed] = [0, 0];
        for (const [pause, keyId, good] of all) {
          later(pause);
          passed += pause;
          if (tried({ keyId, good, credential: String(good) }) === '401') told++;
        }
        assert.ok(told <= 5 + passed / 1000, `${told} in ${passed} ms`);
      }),
      { numRuns: 200 },
    );
  });
});

describe('guesses over HTTP, behind a load balancer that appends two addresses', () => {
  const path = '/api/v1/billing/invoices';
  const plan = { meters: { calls: { model: perUnit('1') } } };
  let suite: TestSuite;
  let acme: Client;
  let umbrella: Client;
  before(async () => {
    suite = await TestSuite.start({ at: NOON, config: { guessesPerSecond: 1, guessesBurst: 5, forwardedHops: 2 } });
    acme = await suite.organization(accountOf('acme', plan));
    umbrella = await suite.organization(accountOf('umbrella', plan));
  });
  after(() => suite.close());
  beforeEach(() => suite.clock.advance(60 * SECOND));

  /** @param forged what the caller itself has written into the field */
  const ask = (key: string, address: string, forged: string[] = [], at = path, method = 'GET'): Promise<Response> =>
    checkedFetch(`${suite.url}${at}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, 'X-Forwarded-For': [...forged, address, '34.120.0.1'].join(', ') },
    });
  const statusesOf = async (answers: Iterable<Promise<Response>>): Promise<number[]> => {
    const statuses: number[] = [];
    for (const answer of answers) statuses.push((await answer).status);
    return statuses;
  };
  let made = 0;
  /** A key of the right form that nobody has. */
  const guess = (): string =>
    `${acme.key.split('_').slice(0, 3).join('_')}_${String(++made).padStart(16, '0')}_${'A'.repeat(43)}`;
  function* times(count: number, each: (i: number) => Promise<Response>): Generator<Promise<Response>> {
    for (let i = 0; i < count; i++) yield each(i);
  }

  it('100 of one address: five are 401, the others 429 with when to come again, and they say nothing else', async () => {
    const answers: Response[] = [];
    for (let i = 0; i < 100; i++) answers.push(await ask(guess(), '203.0.113.1'));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [...Array(5).fill(401), ...Array(95).fill(429)],
    );
    const { headers } = answers[99]!;
    assert.deepEqual(
      ['retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'].map((name) => headers.get(name)),
      ['1', '5', '0', '5'],
    );
    const texts = await Promise.all(answers.slice(5).map((answer) => answer.text()));
    const plainTexts = new Set(texts.map((text) => text.replace(/"request_id":"[^"]*"/, '')));
    assert.equal(plainTexts.size, 1);
    assert.match([...plainTexts][0]!, /"code":"rate_limited"/);
  });

  it('three forged hops before the real one change nothing: each time others, still one source', async () => {
    const forged = (i: number): string[] => [`198.51.100.${i}`, `2001:db8:${i}::1`, '127.0.0.1'];
    const answers = times(20, (i) => ask(guess(), '203.0.113.2', forged(i)));
    assert.deepEqual(await statusesOf(answers), [...Array(5).fill(401), ...Array(15).fill(429)]);
    // And whoever was named in their place has lost nothing.
    assert.equal((await ask(guess(), '198.51.100.7')).status, 401);
  });

  it('addresses of one IPv6 /64 are one source, the next /64 is another', async () => {
    const answers = times(10, (i) => ask(guess(), `2001:db8:a:b:${i}::${i}`));
    assert.deepEqual(await statusesOf(answers), [...Array(5).fill(401), ...Array(5).fill(429)]);
    assert.equal((await ask(guess(), '2001:db8:a:c::1')).status, 401);
  });

  it('while an address is refused, organizations at it work on: reading, usage, a key that is used for the first time', async () => {
    await statusesOf(times(50, () => ask(guess(), '203.0.113.3')));
    assert.deepEqual(await statusesOf(times(20, () => ask(acme.key, '203.0.113.3'))), Array(20).fill(200));
    const fresh = await suite.client('umbrella', 'tenant_viewer');
    assert.equal((await ask(fresh.key, '203.0.113.3')).status, 200);
    const sent = await checkedFetch(`${suite.url}/api/v1/billing/usage`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${umbrella.key}`,
        'Content-Type': 'application/json',
        'X-Forwarded-For': '203.0.113.3, 34.120.0.1',
      },
      body: JSON.stringify(usage('k1', 'calls', '1', NOON)),
    });
    assert.equal(((await sent.json()) as { accepted: number }).accepted, 1);
    assert.equal((await ask(guess(), '203.0.113.3')).status, 429);
  });

  it('what a source without credentials asks is answered as ever: 401, and what is public', async () => {
    await statusesOf(times(50, () => ask(guess(), '203.0.113.4')));
    const headers = { 'X-Forwarded-For': '203.0.113.4, 34.120.0.1' };
    assert.equal((await checkedFetch(`${suite.url}${path}`, { headers })).status, 401);
    assert.equal((await checkedFetch(`${suite.url}/healthz`, { headers })).status, 200);
  });

  it('at the secret of one key: refused before the store is asked, and its holder at the same address is not', async () => {
    assert.equal((await ask(umbrella.key, '203.0.113.5')).status, 200);
    const wrong = `${umbrella.key.slice(0, -43)}${'B'.repeat(43)}`;
    const { accounts } = suite.platform;
    let asked = 0;
    const authenticate = accounts.authenticate.bind(accounts);
    accounts.authenticate = (...given) => {
      asked++;
      return authenticate(...given);
    };
    try {
      await statusesOf(times(50, () => ask(wrong, '203.0.113.5')));
      assert.equal(asked, 5);
    } finally {
      accounts.authenticate = authenticate;
    }
    assert.equal((await ask(umbrella.key, '203.0.113.5')).status, 200);
    assert.equal((await ask(umbrella.key, '203.0.113.6')).status, 200);
  });

  it('at the secret of bus and scheduler too; they themselves go on', async () => {
    const answers = times(10, (i) => ask(`guess-${i}`, '203.0.113.7', [], '/_functions/seal-ledger/run', 'POST'));
    assert.deepEqual(await statusesOf(answers), [...Array(5).fill(401), ...Array(5).fill(429)]);
    await suite.sweep();
  });

  it('write nothing: no log line, no entry in the audit log, no row', async () => {
    const kept = () => JSON.stringify([suite.counts(), suite.lines.length]);
    const before = kept();
    await statusesOf(times(100, () => ask(guess(), '203.0.113.8', [], '/api/v1/billing/credits', 'POST')));
    assert.equal(kept(), before);
  });

  it('what is refused to somebody is entered under who it was, without any address, forged or real', async () => {
    const viewer = await suite.client('acme', 'tenant_viewer');
    const forged = ['192.0.2.61', '192.0.2.62', '192.0.2.63'];
    const answer = await ask(viewer.key, '203.0.113.9', forged, '/api/v1/billing/credits', 'POST');
    assert.equal(answer.status, 403);
    const [entry] = suite.sql("SELECT * FROM audit_log WHERE outcome='refused' ORDER BY seq DESC LIMIT 1");
    assert.match(JSON.stringify(entry), new RegExp(viewer.key.split('_')[3]!));
    const everything = JSON.stringify([suite.sql('SELECT * FROM audit_log'), suite.lines]);
    assert.doesNotMatch(everything, /192\.0\.2\.6|203\.0\.113|34\.120/);
  });
});
