import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Principal, Role } from '../../shared/domain/access.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { type Instant, plusMicros } from '../../shared/domain/time.ts';
import { Refusal } from '../../shared/edge/http/problem.ts';
import { TokenBuckets } from '../../shared/edge/rate-limit.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { checkedFetch } from '../support/contract.ts';
import { at, SECOND, TestSuite } from '../support/suite.ts';

const NOON = at('2026-03-01T12:00:00Z');
const RATES = { usage: { perSecond: 100, burst: 200 }, other: { perSecond: 2, burst: 10 } };

const somebody = (id: string, tenant: string | null = 'acme', role: Role = 'tenant_admin'): Principal => ({
  ...{ kind: 'key', id, role, tenant: tenant as TenantId | null, scopes: new Set(), person: id },
});

describe('the rate limit', () => {
  let now: Instant;
  let buckets: TokenBuckets;
  beforeEach(() => {
    now = NOON;
    buckets = new TokenBuckets(RATES);
  });
  const later = (milliseconds: number): void => {
    now = plusMicros(now, BigInt(milliseconds) * 1000n);
  };
  /** @returns what is left, or in how many seconds to come again */
  const ask = async (principal: Principal, operationId = 'listInvoices'): Promise<string> => {
    try {
      const headers = await buckets.admit({ principal, operationId, now });
      return `${String(headers['RateLimit-Remaining'])} left`;
    } catch (error) {
      assert.ok(error instanceof Refusal && error.code === 'rate_limited', String(error));
      return `in ${String(error.headers['Retry-After'])} s`;
    }
  };
  const askTimes = async (times: number, principal: Principal, operationId?: string): Promise<string[]> => {
    const answers: string[] = [];
    for (let i = 0; i < times; i++) answers.push(await ask(principal, operationId));
    return answers;
  };

  it('lets a burst through, then so many a second: 8 of 10 for one key, 2 a second and 80 % of that for it', async () => {
    const one = somebody('one');
    // 80 % of a burst of 10 is 8: it has less left than its organization, so it is told of itself.
    assert.deepEqual(await askTimes(9, one), [
      ...['7 left', '6 left', '5 left', '4 left', '3 left', '2 left', '1 left', '0 left'],
      'in 1 s',
    ]);
    // 1.6 a second: after 625 ms there is one again.
    later(624);
    assert.equal(await ask(one), 'in 1 s');
    later(1);
    assert.equal(await ask(one), '0 left');
    assert.equal(await ask(one), 'in 1 s');
  });

  it('is shared by an organization’s keys: what one leaves, the other has', async () => {
    await askTimes(8, somebody('one'));
    // 10 - 8 of the organization, though the other key has all of its own 8.
    assert.deepEqual(await askTimes(3, somebody('two')), ['1 left', '0 left', 'in 1 s']);
  });

  it('counts each organization by itself, and each holder of a role of the platform', async () => {
    await askTimes(8, somebody('one'));
    assert.equal(await ask(somebody('theirs', 'umbrella')), '7 left');
    assert.equal(await ask(somebody('operator', null, 'billing_operator')), '9 left');
    await askTimes(9, somebody('operator', null, 'billing_operator'));
    assert.equal(await ask(somebody('operator', null, 'billing_operator')), 'in 1 s');
    assert.equal(await ask(somebody('approver', null, 'approver')), '9 left');
  });

  it('counts usage apart: whoever floods one has the other', async () => {
    await askTimes(9, somebody('one'));
    assert.equal(await ask(somebody('one'), 'sendUsage'), '159 left');
    await askTimes(200, somebody('one'), 'sendUsage');
    later(SECOND);
    assert.equal(await ask(somebody('one')), '0 left');
  });

  it('says what a burst is, what is left of it, and when it is whole again', async () => {
    const headers = await buckets.admit({ principal: somebody('x', null, 'approver'), operationId: 'any', now });
    // 1 of 10 is gone; at 2 a second it is back within a second.
    assert.deepEqual(headers, { 'RateLimit-Limit': '10', 'RateLimit-Remaining': '9', 'RateLimit-Reset': '1' });
  });

  it('does not punish: what was refused takes nothing away', async () => {
    await askTimes(50, somebody('one'));
    later(SECOND);
    assert.equal(await ask(somebody('one')), '0 left');
  });

  it('is not filled by a clock that goes back', async () => {
    await askTimes(8, somebody('one'));
    later(-60_000);
    assert.equal(await ask(somebody('one')), 'in 1 s');
  });

  it('0 a second is no limit', async () => {
    buckets = new TokenBuckets({ usage: { perSecond: 0, burst: 1 }, other: { perSecond: 0, burst: 1 } });
    for (let i = 0; i < 100; i++)
      assert.deepEqual(await buckets.admit({ principal: somebody('one'), operationId: 'any', now }), {});
  });

  it('keeps so many buckets and no more, whoever comes', async () => {
    for (let i = 0; i < 30_000; i++) await ask(somebody(`key-${i}`, `tenant-${i}`));
    assert.equal(buckets.size, 20_000);
    // The last ones are still counted.
    assert.equal(await ask(somebody('key-29999', 'tenant-29999')), '6 left');
  });

  it('never lets more through than burst + rate x time, whatever the pauses', async () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(pauses, async (milliseconds) => {
        buckets = new TokenBuckets(RATES);
        now = NOON;
        let through = 0;
        let passed = 0;
        for (const pause of milliseconds) {
          later(pause);
          passed += pause;
          if ((await ask(somebody('x', null, 'approver'))).endsWith('left')) through++;
        }
        assert.ok(through <= 10 + (2 * passed) / 1000, `${through} in ${passed} ms`);
      }),
      { numRuns: 200 },
    );
  });

  it('over HTTP: 429 with when to come again, then it goes on; another organization does not notice', async () => {
    const config = { ratePerSecond: 1, rateBurst: 5, usageRatePerSecond: 1000, usageRateBurst: 1000 };
    const suite = await TestSuite.start({ at: NOON, config });
    try {
      const plan = { meters: { calls: { model: perUnit('1') } } };
      const acme = await suite.organization(accountOf('acme', plan));
      const umbrella = await suite.organization(accountOf('umbrella', plan));
      const get = (client = acme) => client.get('/api/v1/billing/invoices');
      // 80 % of 5.
      for (let i = 0; i < 4; i++) assert.equal((await get()).headers.get('ratelimit-remaining'), String(3 - i));
      const refused = await get();
      assert.equal(refused.status, 429);
      assert.deepEqual(
        ['retry-after', 'ratelimit-limit', 'ratelimit-remaining'].map((name) => refused.headers.get(name)),
        ['2', '4', '0'],
      );
      assert.equal(((await refused.json()) as { code: string }).code, 'rate_limited');
      assert.equal((await get(umbrella)).status, 200);
      assert.equal((await acme.send(usage('k1', 'calls', '1', '2026-03-01T12:00:00Z'))).accepted, 1);
      suite.clock.advance(2 * SECOND);
      assert.equal((await get()).status, 200);
      // Whoever is nobody is not counted.
      const stranger = await checkedFetch(`${suite.url}/api/v1/billing/invoices`);
      assert.deepEqual([stranger.status, stranger.headers.get('ratelimit-limit')], [401, null]);
    } finally {
      await suite.close();
    }
  });
});
