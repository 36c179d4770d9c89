import assert from 'node:assert/strict';
import { type AccountPlan, accountOf, type LimitPlan, perUnit, usage } from '../support/account.ts';
import { type Client, DAY, TestSuite, type UsageAnswer } from '../support/suite.ts';

const NOON = '2026-03-10T12:00:00Z';
const MARCH_10 = '2026-03-10T00:00:00.000000Z/2026-03-11T00:00:00.000000Z';
const plan = (limits: readonly LimitPlan[], more: Partial<AccountPlan> = {}) =>
  accountOf('acme', {
    start: '2026-01-01T00:00:00Z',
    meters: {
      api_calls: { model: perUnit('1') },
      emails: { aggregation: 'count', model: perUnit('1') },
      storage: { model: perUnit('1') },
    },
    limits,
    ...more,
  });
const daily = (quantity: string, action: LimitPlan['action'], id = 'daily'): LimitPlan => ({
  id,
  metric: 'api_calls',
  period: 'daily',
  quantity,
  action,
});
let keys = 0;
/** An event nobody has sent before. */
const calls = (quantity: string, time = NOON) => usage(`key-${++keys}`, 'api_calls', quantity, time);
const codes = ({ results }: UsageAnswer): string[] => results.map(({ status, code }) => code ?? status);

describe('limits hold at the door', () => {
  let suite: TestSuite;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
  });
  afterEach(() => suite.close());

  const used = (client: Client, limit = 'daily') => suite.platform.usage.limitUsed(client.tenant, limit);
  const notices = async (client: Client): Promise<string[]> =>
    (await suite.platform.usage.limitNotices(client.tenant)).map(
      ({ limitId, period, percent }) => `${limitId} ${period.slice(0, 10)} ${percent} %`,
    );

  it('a batch is cut event by event, in order: of 4, 4, 4 and 2 within 10 the third is refused, and the fourth still fits', async () => {
    const acme = await suite.organization(plan([daily('10', 'block')]));
    // 4, 8, (12 is too many), 10
    assert.deepEqual(codes(await acme.send(['4', '4', '4', '2'].map((quantity) => calls(quantity)))), [
      ...['accepted', 'accepted', 'quota_exceeded', 'accepted'],
    ]);
    assert.deepEqual(await used(acme), [{ period: MARCH_10, used: '10' }]);
    await suite.settle();
    assert.deepEqual(
      (await suite.entriesOf('acme', 'charge')).map(({ quantity }) => quantity),
      ['4', '4', '2'],
    );
  });

  it('exactly up to the limit is within it, the smallest fraction more is not', async () => {
    const acme = await suite.organization(plan([daily('10', 'block')]));
    assert.deepEqual(codes(await acme.send(calls('9.999999999999'))), ['accepted']);
    assert.deepEqual(codes(await acme.send(calls('0.000000000002'))), ['quota_exceeded']);
    assert.deepEqual(codes(await acme.send(calls('0.000000000001'))), ['accepted']);
    assert.deepEqual(codes(await acme.send(calls('0.000000000001'))), ['quota_exceeded']);
  });

  for (const action of ['allow_overage', 'notify'] as const) {
    it(`a limit that says ${action} counts, tells and never blocks: 25 of 10`, async () => {
      const acme = await suite.organization(plan([daily('10', action)]));
      assert.deepEqual(codes(await acme.send([calls('12'), calls('13')])), ['accepted', 'accepted']);
      assert.deepEqual(await used(acme), [{ period: MARCH_10, used: '25' }]);
      assert.deepEqual(await notices(acme), ['daily 2026-03-10 80 %', 'daily 2026-03-10 100 %']);
    });
  }

  it('80 % and 100 % are told once each, when they are reached, and again in the next period', async () => {
    const acme = await suite.organization(plan([daily('10', 'allow_overage')]));
    await acme.send(calls('7.999'));
    assert.deepEqual(await notices(acme), []);
    await acme.send(calls('0.001'));
    assert.deepEqual(await notices(acme), ['daily 2026-03-10 80 %']);
    const [first] = await suite.platform.usage.limitNotices(acme.tenant);
    suite.clock.advance(60_000);
    await acme.send([calls('1'), calls('0.5')]);
    assert.deepEqual(await suite.platform.usage.limitNotices(acme.tenant), [first]);
    await acme.send([calls('0.5'), calls('1'), calls('1')]);
    assert.deepEqual(await notices(acme), ['daily 2026-03-10 80 %', 'daily 2026-03-10 100 %']);

    suite.clock.advance(DAY);
    await acme.send(calls('9', '2026-03-11T12:00:00Z'));
    assert.deepEqual(await notices(acme), ['daily 2026-03-10 80 %', 'daily 2026-03-10 100 %', 'daily 2026-03-11 80 %']);
  });

  it('what was refused is not told of: a limit of 10 at 7 that refuses 5 is not at 80 %', async () => {
    const acme = await suite.organization(plan([daily('10', 'block')]));
    assert.deepEqual(codes(await acme.send([calls('7'), calls('5')])), ['accepted', 'quota_exceeded']);
    assert.deepEqual(await notices(acme), []);
  });

  it('what was refused leaves no trace: no key, no count, no batch; when the limit is raised it is accepted as new', async () => {
    const acme = await suite.organization(plan([daily('10', 'block')]));
    await acme.send(calls('10'));
    const before = suite.counts();
    const refused = calls('1');
    assert.deepEqual(codes(await acme.send([refused, calls('2', '2026-03-09T12:00:00Z')])), [
      'quota_exceeded',
      'accepted',
    ]);
    // One batch with one event of 9 March; nothing of the refused one.
    const { dedupe, batches, waiting, limit_counters } = before;
    const after = suite.counts();
    assert.deepEqual(
      [after['dedupe'], after['batches'], after['limit_counters']],
      [dedupe! + 1, batches! + 1, limit_counters! + 1],
    );
    assert.ok(after['waiting']! <= waiting! + 1);
    await suite.platform.accounts.put(plan([daily('11', 'block')]), suite.clock.now());
    assert.deepEqual(codes(await acme.send(refused)), ['accepted']);
  });

  it('a day for which everything was refused is not counted at all', async () => {
    const acme = await suite.organization(plan([daily('10', 'block')]));
    // 8 on the 10th fits; 11 on the 9th does not, and the 9th stays unheard of.
    assert.deepEqual(codes(await acme.send([calls('8'), calls('11', '2026-03-09T12:00:00Z')])), [
      'accepted',
      'quota_exceeded',
    ]);
    assert.deepEqual(await used(acme), [{ period: MARCH_10, used: '8' }]);
  });

  it('an event counts against every limit of its metric or against none', async () => {
    const total: LimitPlan = { id: 'total', metric: 'api_calls', period: 'total', quantity: '100', action: 'notify' };
    const acme = await suite.organization(plan([total, daily('10', 'block')]));
    assert.deepEqual(codes(await acme.send([calls('6'), calls('6'), calls('4')])), [
      ...['accepted', 'quota_exceeded', 'accepted'],
    ]);
    assert.deepEqual(await used(acme, 'total'), [{ period: 'total', used: '10' }]);
    assert.deepEqual(await used(acme), [{ period: MARCH_10, used: '10' }]);
  });

  it('a duplicate uses up nothing, even where nothing is left', async () => {
    const acme = await suite.organization(plan([daily('10', 'block')]));
    const ten = calls('10');
    assert.deepEqual(codes(await acme.send([ten, ten, ten])), ['accepted', 'duplicate', 'duplicate']);
    assert.deepEqual(await used(acme), [{ period: MARCH_10, used: '10' }]);
  });

  it('another metric has a limit of its own, and a metric that counts events is limited in events', async () => {
    const emails: LimitPlan = { id: 'emails', metric: 'emails', period: 'daily', quantity: '2', action: 'block' };
    const acme = await suite.organization(plan([daily('1', 'block'), emails]));
    const email = () => ({ idempotency_key: `key-${++keys}`, metric_name: 'emails', timestamp: NOON });
    assert.deepEqual(
      codes(await acme.send([calls('1'), calls('1'), email(), email(), email(), usage('s', 'storage', '500', NOON)])),
      ['accepted', 'quota_exceeded', 'accepted', 'accepted', 'quota_exceeded', 'accepted'],
    );
  });

  it('16 requests at once at the boundary: 8 of 10 are used, so 2 of the 16 are accepted', async () => {
    const acme = await suite.organization(plan([daily('10', 'block')]));
    await acme.send(calls('8'));
    const answers = await Promise.all(Array.from({ length: 16 }, () => acme.send(calls('1'))));
    assert.equal(answers.filter(({ accepted }) => accepted === 1).length, 2);
    assert.deepEqual(await used(acme), [{ period: MARCH_10, used: '10' }]);
    await suite.settle();
    assert.equal((await suite.entriesOf('acme', 'charge')).length, 3);
  });

  it('16 batches at once, each 0.3 and 0.4 with 1 left: whatever the order, at most 1 is accepted and nothing more would fit', async () => {
    const acme = await suite.organization(plan([daily('1', 'block')]));
    await Promise.all(Array.from({ length: 16 }, () => acme.send([calls('0.3'), calls('0.4')])));
    const [counter] = await used(acme);
    assert.ok(Number(counter!.used) <= 1 && Number(counter!.used) > 0.7, counter!.used);
    await suite.settle();
    const billed = (await suite.entriesOf('acme', 'charge')).reduce(
      (sum, { quantity }) => sum + Number(quantity) * 10,
      0,
    );
    assert.equal(billed, Number(counter!.used) * 10);
  });

  describe('a new period is a new count, with nothing to run at midnight', () => {
    it('daily, on the calendar of New York: the day of 8 March 2026 has 23 hours, 05:00 to 04:00 UTC', async () => {
      suite.goTo('2026-03-12T00:00:00Z');
      const acme = await suite.organization(plan([daily('1', 'block')], { zone: 'America/New_York' }));
      const edges = ['08T04:59:59.999999', '08T05:00:00', '09T03:59:59.999999', '09T04:00:00', '10T03:59:59.999999'];
      assert.deepEqual(codes(await acme.send(edges.map((edge) => calls('1', `2026-03-${edge}Z`)))), [
        // the 7th, the 8th, still the 8th, the 9th, still the 9th
        ...['accepted', 'accepted', 'quota_exceeded', 'accepted', 'quota_exceeded'],
      ]);
      assert.deepEqual(
        (await used(acme)).map(({ period }) => period),
        [
          '2026-03-07T05:00:00.000000Z/2026-03-08T05:00:00.000000Z',
          '2026-03-08T05:00:00.000000Z/2026-03-09T04:00:00.000000Z',
          '2026-03-09T04:00:00.000000Z/2026-03-10T04:00:00.000000Z',
        ],
      );
    });

    it('monthly, on the calendar of Kiritimati (UTC+14): March begins on 28 February at 10:00 UTC', async () => {
      const monthly: LimitPlan = { ...daily('1', 'block', 'monthly'), period: 'monthly' };
      const acme = await suite.organization(plan([monthly], { zone: 'Pacific/Kiritimati' }));
      const edges = ['02-28T09:59:59.999999', '02-28T10:00:00', '03-10T12:00:00'];
      assert.deepEqual(codes(await acme.send(edges.map((edge) => calls('1', `2026-${edge}Z`)))), [
        ...['accepted', 'accepted', 'quota_exceeded'],
      ]);
    });

    it('billing, by the subscription’s own periods: anchored on the 15th, 14 March is the old one and 15 March the new', async () => {
      suite.goTo('2026-03-16T00:00:00Z');
      const billing: LimitPlan = { ...daily('1', 'block', 'billing'), period: 'billing' };
      const acme = await suite.organization(plan([billing], { start: '2026-01-15T00:00:00Z' }));
      const edges = ['02-15T00:00:00', '03-14T23:59:59.999999', '03-15T00:00:00', '03-15T23:00:00'];
      assert.deepEqual(codes(await acme.send(edges.map((edge) => calls('1', `2026-${edge}Z`)))), [
        ...['accepted', 'quota_exceeded', 'accepted', 'quota_exceeded'],
      ]);
    });

    it('billing counts each subscription by itself', async () => {
      const billing: LimitPlan = { ...daily('1', 'block', 'billing'), period: 'billing' };
      const acme = await suite.organization(plan([billing], { subscriptions: ['left', 'right'] }));
      const sent = ['left', 'right', 'left'].map((subscription_id) => ({ ...calls('1'), subscription_id }));
      assert.deepEqual(codes(await acme.send(sent)), ['accepted', 'accepted', 'quota_exceeded']);
    });

    it('total, once and for all: what February used up is not there in March', async () => {
      const total: LimitPlan = { ...daily('2', 'block', 'total'), period: 'total' };
      const acme = await suite.organization(plan([total]));
      const sent = ['2026-02-10', '2026-03-01', '2026-03-10'].map((day) => calls('1', `${day}T00:00:00Z`));
      assert.deepEqual(codes(await acme.send(sent)), ['accepted', 'accepted', 'quota_exceeded']);
      suite.clock.advance(30 * DAY);
      assert.deepEqual(codes(await acme.send(calls('1', '2026-04-09T00:00:00Z'))), ['quota_exceeded']);
    });

    it('late usage counts on the day it was used, not on the day it arrived', async () => {
      const acme = await suite.organization(plan([daily('10', 'block')]));
      await acme.send(calls('10', '2026-03-09T12:00:00Z'));
      assert.deepEqual(codes(await acme.send([calls('1', '2026-03-09T23:00:00Z'), calls('10')])), [
        'quota_exceeded',
        'accepted',
      ]);
    });
  });
});
