import assert from 'node:assert/strict';
import { holdsCardNumber } from '../../shared/domain/payment-method.ts';
import { Shop } from '../support/shop.ts';
import { TestSuite } from '../support/suite.ts';

/** Test numbers that card schemes publish; none of them is anybody's. */
const VISA = '4242424242424242';

describe('payment methods', () => {
  let suite: TestSuite;
  let shop: Shop;
  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-01T00:00:00Z' });
    shop = await Shop.open(suite, { organization_id: 'acme' });
  });
  afterEach(() => suite.close());

  const card = (more: object = {}) => ({
    provider: 'stripe',
    type: 'card',
    token: 'pm_1ABC',
    display: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2029 },
    ...more,
  });
  const add = (body: object) => shop.do<{ payment_method_id: string }>(shop.customer, 'POST', '/payment-methods', body);
  const list = async (): Promise<string[]> => {
    const { data } = await shop.do<{ data: { payment_method_id: string; default: boolean }[] }>(
      shop.customer,
      'GET',
      '/payment-methods',
    );
    return data.map((one) => `${one.payment_method_id}${one.default ? ' default' : ''}`);
  };

  it('are tokens; the first one is the default, and there is always exactly one', async () => {
    await add(card({ payment_method_id: 'a' }));
    suite.clock.advance(1000);
    await add(card({ payment_method_id: 'b', token: 'pm_2' }));
    assert.deepEqual(await list(), ['a default', 'b']);
    await shop.do(shop.customer, 'POST', '/payment-methods/b/default');
    assert.deepEqual(await list(), ['a', 'b default']);
    await add(card({ payment_method_id: 'c', token: 'pm_3', default: true }));
    assert.deepEqual(await list(), ['a', 'b', 'c default']);
    const removed = await shop.customer.call('DELETE', '/api/v1/billing/payment-methods/c');
    assert.equal(removed.status, 204);
    assert.deepEqual(await list(), ['a default', 'b']);
  });

  it('with a direct debit carry its mandate, and nothing else does', async () => {
    const mandate = {
      reference: 'MREF-1',
      signed_at: '2026-02-01T00:00:00Z',
      scheme: 'sepa_core',
      creditor_id: 'DE98ZZZ09999999999',
    };
    await add(card({ type: 'sepa_debit', mandate }));
    assert.equal(
      await shop.refused(shop.customer, 'POST', '/payment-methods', card({ mandate })),
      '400 invalid_parameter',
    );
    assert.equal(
      await shop.refused(shop.customer, 'POST', '/payment-methods', card({ type: 'sepa_debit' })),
      '400 invalid_parameter',
    );
  });

  it('refuse a card number or security code anywhere, never say what it was, and keep it out of every log', async () => {
    for (const body of [
      card({ token: VISA }),
      card({ token: `tok_${VISA}` }),
      card({ display: { brand: `visa ${VISA}` } }),
      card({ display: { brand: 'visa', note: { deep: ['4242 4242 4242 4242'] } } }),
      card({ display: { brand: 'visa', last4: '4242', cvc: '123' } }),
      card({ [VISA]: 'x' }),
      { number: 4242424242424242 },
      [VISA],
    ]) {
      const response = await shop.customer.call('POST', '/api/v1/billing/payment-methods', body);
      const text = await response.text();
      assert.equal((JSON.parse(text) as { code: string }).code, 'card_data_refused', text);
      assert.equal(text.replace(/[^0-9]/g, '').includes(VISA), false);
    }
    assert.equal(JSON.stringify(suite.lines).includes(VISA), false);
    assert.deepEqual(await list(), []);
  });

  it('know a card number from other digits: its check digit (ISO/IEC 7812-1) and its length decide', () => {
    for (const text of [
      VISA,
      '4242-4242-4242-4242',
      '3782 822463 10005',
      'x6011000990139424y',
      '5555.5555.5555.4444',
    ]) {
      assert.equal(holdsCardNumber(text), true, text);
    }
    for (const text of [
      '4242424242424241',
      '123456789',
      '0000000000000000',
      'pm_1ABC',
      '2026-03-01T00:00:00Z',
      'DE98ZZZ09999999999',
    ]) {
      assert.equal(holdsCardNumber(text), false, text);
    }
  });

  it('of one organization are nobody else’s', async () => {
    await add(card({ payment_method_id: 'a' }));
    const other = await Shop.open(suite, { organization_id: 'umbrella' });
    assert.equal(await other.refused(other.customer, 'POST', '/payment-methods/a/default'), '404 not_found');
    assert.equal((await other.customer.call('DELETE', '/api/v1/billing/payment-methods/a')).status, 404);
  });
});
