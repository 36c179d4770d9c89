import assert from 'node:assert/strict';
import { usage } from '../support/account.ts';
import { Shop } from '../support/shop.ts';
import { DAY, TestSuite } from '../support/suite.ts';

const API = '/api/v1/billing';
let keys = 0;

describe('from trial and free to paying', () => {
  let suite: TestSuite;
  let shop: Shop;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
    await shop.metric({ metric_name: 'calls', name: 'Calls', aggregation: 'count' });
    const calls = { metric_name: 'calls', model: { type: 'per_unit', unit_amount: '0' } };
    const limit = { limit_id: 'calls', metric_name: 'calls', period: 'billing', quantity: '2', action: 'block' };
    await shop.plan({ plan_id: 'free', usage: [calls], limits: [limit] });
    await shop.plan({ plan_id: 'team', trial_days: 14, usage: [calls] });
  });
  afterEach(() => suite.close());

  const begin = (shopOf: Shop, subscription_id: string, plan_id: string) =>
    shopOf.do(shopOf.customer, 'POST', '/subscriptions', { subscription_id, plan_id });
  const send = (subscription_id: string) =>
    shop.customer.send(usage(`key-${++keys}`, 'calls', '1', suite.clock.now(), { subscription_id }));
  const conversion = async (plan: string, query = '') => {
    const {
      plan_id: _,
      at: __,
      ...figures
    } = await shop.do<Record<string, unknown>>(shop.operator, 'GET', `/plans/${plan}/conversion${query}`);
    return figures;
  };

  it('four trials: one runs, one went on, one ended in time, one was given up after it had converted', async () => {
    const other = await Shop.open(suite, { organization_id: 'umbrella' });
    await begin(shop, 'went-on', 'team');
    await begin(shop, 'ended', 'team');
    await begin(other, 'given-up', 'team');
    suite.clock.advance(10 * DAY);
    await shop.act('ended', 'cancel');
    suite.clock.advance(5 * DAY);
    await begin(other, 'runs', 'team');
    await other.act('given-up', 'cancel');
    assert.deepEqual(await conversion('team'), {
      ...{ begun: 4, trials_started: 4, trials_running: 1, trials_converted: 2, trials_lapsed: 1 },
      ...{ moved_on: 0, ended: 2, limit_reached: 0 },
    });
    // Of those that began in the first week, none is still in its trial.
    const { begun, trials_running } = await conversion('team', '?to=2026-03-08T00:00:00Z');
    assert.deepEqual([begun, trials_running], [3, 0]);
  });

  it('a limit that is reached, and the plan that is chosen then: of two on free one used its 2 calls up and moved on', async () => {
    await begin(shop, 'busy', 'free');
    await begin(shop, 'quiet', 'free');
    for (const id of ['busy', 'busy', 'busy', 'quiet']) await send(id);
    suite.clock.advance(DAY);
    await shop.act('busy', 'change', { plan_id: 'team' });
    const figures = await conversion('free');
    assert.deepEqual([figures['begun'], figures['limit_reached'], figures['moved_on'], figures['ended']], [2, 1, 1, 0]);
    // Nobody began with team: whoever came from free is counted there.
    assert.equal((await conversion('team'))['begun'], 0);
  });

  it('is for the platform: a customer may not ask, and a plan that nobody wrote is not there', async () => {
    assert.equal(await shop.refused(shop.customer, 'GET', '/plans/team/conversion'), '403 insufficient_scope');
    assert.equal(await shop.refused(shop.operator, 'GET', '/plans/ghost/conversion'), '404 not_found');
    assert.equal((await shop.operator.get(`${API}/plans/team/conversion?from=soon`)).status, 422);
  });
});
