import assert from 'node:assert/strict';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type Client, DAY, TestSuite } from '../support/suite.ts';

const API = '/api/v1/billing';
const NOON = '2026-03-30T12:00:00Z';

interface Row {
  readonly window_start: string;
  readonly window_end: string;
  readonly group: Record<string, string | null>;
  readonly aggregation: string;
  readonly value: string;
  readonly events: number;
}
interface Summary {
  readonly zone: string;
  readonly data: readonly Row[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}
interface EventState {
  readonly state: string;
  readonly late?: boolean;
  readonly period?: { readonly start: string; readonly end: string };
  readonly billed_in?: { readonly start: string; readonly end: string };
  readonly corrections?: readonly { readonly correction_id: string; readonly change: string }[];
}

let keys = 0;
const document = (tenant: string, zone = 'Europe/Berlin') =>
  accountOf(tenant, {
    zone,
    start: '2026-01-01T00:00:00Z',
    meters: {
      calls: { model: perUnit('1'), dimensions: ['region', 'model'] },
      seats: { aggregation: 'max', model: perUnit('1') },
      visitors: { aggregation: 'unique_count', valueProperty: 'user', model: perUnit('1') },
      disk: { aggregation: 'weighted_sum', model: perUnit('1') },
    },
    subscriptions: ['main', 'side'],
  });
const call = (quantity: string, time: string, properties: Record<string, string> = {}, subscription_id = 'main') =>
  usage(`key-${++keys}`, 'calls', quantity, time, { subscription_id, properties });
const of = (metric: string, quantity: string, time: string) =>
  usage(`key-${++keys}`, metric, quantity, time, { subscription_id: 'main' });
const visit = (user: string, timestamp: string) => ({
  ...{ idempotency_key: `key-${++keys}`, metric_name: 'visitors', timestamp, subscription_id: 'main' },
  properties: { user },
});

describe('usage by windows and groups', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: NOON });
    acme = await suite.organization(document('acme'));
  });
  afterEach(() => suite.close());

  const ask = (client: Client, query: string): Promise<Summary> =>
    client.read<Summary>(`${API}/usage/summary?${query}`);
  /** Windows as `start value/events`, the start cut to what differs. */
  const rows = async (query: string, client = acme): Promise<string[]> =>
    (await ask(client, query)).data.map(
      ({ window_start, value, events }) => `${window_start.slice(5, 16)} ${value}/${events}`,
    );
  const refused = async (query: string, client = acme): Promise<string> => {
    const response = await client.get(`${API}/usage/summary?${query}`);
    const { code, param } = (await response.json()) as { code: string; param?: string };
    return `${response.status} ${code} ${param}`;
  };
  const March = 'from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z';

  it('what a tenant has sent is there in the next request, before anything was billed or summed up', async () => {
    await suite.silenceBus();
    await acme.send([call('1.5', '2026-03-30T10:00:00Z'), call('2', '2026-03-30T10:59:59.999999Z')]);
    const hours = `metric_name=calls&window=hour&${March}`;
    assert.deepEqual(await rows(hours), ['03-30T10:00 3.5/2']);
    await acme.send(call('4', '2026-03-30T11:00:00Z'));
    const seen = ['03-30T10:00 3.5/2', '03-30T11:00 4/1'];
    assert.deepEqual(await rows(hours), seen);
    assert.equal(suite.counts()['unrolled'], 2);
    // Half of it is in the sums now, half is not: nothing is counted twice.
    await suite.restart();
    await suite.sweep();
    assert.equal(suite.counts()['unrolled'], 0);
    assert.deepEqual(await rows(hours), seen);
    await suite.silenceBus();
    await acme.send(call('1', '2026-03-30T10:30:00Z'));
    assert.deepEqual(await rows(hours), ['03-30T10:00 4.5/3', '03-30T11:00 4/1']);
  });

  it('days are the organization’s: Berlin’s 29 March 2026 has 23 hours, from 23:00 to 22:00 UTC', async () => {
    const edges = ['28T22:59:59.999999', '28T23:00:00', '29T21:59:59.999999', '29T22:00:00'];
    await acme.send(edges.map((edge) => call('1', `2026-03-${edge}Z`)));
    const { zone, data } = await ask(acme, `metric_name=calls&window=day&${March}`);
    assert.equal(zone, 'Europe/Berlin');
    assert.deepEqual(
      data.map(({ window_start, window_end, value }) => [window_start, window_end, value]),
      [
        ['2026-03-27T23:00:00.000000Z', '2026-03-28T23:00:00.000000Z', '1'],
        ['2026-03-28T23:00:00.000000Z', '2026-03-29T22:00:00.000000Z', '2'],
        ['2026-03-29T22:00:00.000000Z', '2026-03-30T22:00:00.000000Z', '1'],
      ],
    );
    // Monday is the 30th in Berlin: the first three are of the week before.
    assert.deepEqual(await rows(`metric_name=calls&window=week&${March}`), ['03-22T23:00 3/3', '03-29T22:00 1/1']);
    assert.deepEqual(await rows(`metric_name=calls&window=month&${March}`), ['02-28T23:00 4/4']);
  });

  it('an hour of Kathmandu begins at a quarter past in UTC', async () => {
    const yak = await suite.organization(document('yak-travel', 'Asia/Kathmandu'));
    await yak.send(['05:14:59', '05:15:00', '06:14:59', '06:15:00'].map((time) => call('1', `2026-03-30T${time}Z`)));
    assert.deepEqual(await rows(`metric_name=calls&window=hour&${March}`, yak), [
      ...['03-30T04:15 1/1', '03-30T05:15 2/2', '03-30T06:15 1/1'],
    ]);
  });

  it('groups: by region 3 in eu, 4 in us and 5 without; by subscription 10 and 2; by both as many as there are', async () => {
    await acme.send([
      call('1', '2026-03-30T10:00:00Z', { region: 'eu', model: 'small' }),
      call('2', '2026-03-30T10:00:00Z', { region: 'eu' }, 'side'),
      call('4', '2026-03-30T10:00:00Z', { region: 'us', colour: 'red' }),
      call('5', '2026-03-30T10:00:00Z'),
    ]);
    const groups = async (names: string) =>
      (await ask(acme, `metric_name=calls&window=day&${March}&group_by=${names}`)).data.map(({ group, value }) => [
        group,
        value,
      ]);
    // Text sorts before null as JSON does: a quotation mark comes before a letter.
    assert.deepEqual(await groups('region'), [
      [{ region: 'eu' }, '3'],
      [{ region: 'us' }, '4'],
      [{ region: null }, '5'],
    ]);
    assert.deepEqual(await groups('subscription_id'), [
      [{ subscription_id: 'main' }, '10'],
      [{ subscription_id: 'side' }, '2'],
    ]);
    assert.equal((await groups('subscription_id,region')).length, 4);
    assert.equal(
      await refused(`metric_name=calls&window=day&${March}&group_by=colour`),
      '400 invalid_parameter group_by',
    );
    assert.equal(
      await refused(`metric_name=calls&window=day&${March}&group_by=region,region`),
      '400 invalid_parameter group_by',
    );
    assert.deepEqual(await rows(`metric_name=calls&subscription_id=side&window=day&${March}`), ['03-29T22:00 2/1']);
  });

  it('each window stands by itself: at most 7 and 5 seats on two days are at most 7 in the month; ada of both days is one visitor', async () => {
    await acme.send([of('seats', '7', '2026-03-24T12:00:00Z'), of('seats', '5', '2026-03-25T12:00:00Z')]);
    await acme.send([visit('ada', '2026-03-24T12:00:00Z'), visit('ada', '2026-03-25T12:00:00Z')]);
    await acme.send([visit('bob', '2026-03-25T12:00:00Z'), visit('bob', '2026-03-25T12:00:30Z')]);
    assert.deepEqual(await rows(`metric_name=seats&window=day&${March}`), ['03-23T23:00 7/1', '03-24T23:00 5/1']);
    assert.deepEqual(await rows(`metric_name=seats&window=month&${March}`), ['02-28T23:00 7/2']);
    assert.deepEqual(await rows(`metric_name=visitors&window=day&${March}`), ['03-23T23:00 1/1', '03-24T23:00 2/3']);
    assert.deepEqual(await rows(`metric_name=visitors&window=month&${March}`), ['02-28T23:00 2/4']);
    await suite.settle();
    assert.deepEqual(await rows(`metric_name=visitors&window=month&${March}`), ['02-28T23:00 2/4']);
  });

  it('a level is averaged: 10 GB from noon and 4 of them gone at 18:00 are 10 x 6 h + 6 x 4 h of that day’s 24', async () => {
    // Berlin's day of 30 March runs from 22:00 to 22:00 UTC: (60 + 24) / 24 = 3.5. The next day it stands at 6.
    await acme.send([of('disk', '10', '2026-03-30T12:00:00Z')]);
    suite.goTo('2026-03-30T18:00:00Z');
    await acme.send([of('disk', '-4', '2026-03-30T18:00:00Z')]);
    const days = 'metric_name=disk&window=day&from=2026-03-30T00:00:00Z&to=2026-03-31T12:00:00Z';
    assert.deepEqual(await rows(days), ['03-29T22:00 3.5/2', '03-30T22:00 6/0']);
  });

  it('late usage moves the window in which it was used', async () => {
    const days = `metric_name=calls&window=day&${March}`;
    await acme.send(call('1', '2026-03-10T12:00:00Z'));
    await suite.settle();
    assert.deepEqual(await rows(days), ['03-09T23:00 1/1']);
    suite.clock.advance(3 * DAY);
    await acme.send(call('2', '2026-03-10T12:00:00Z'));
    await suite.settle();
    assert.deepEqual(await rows(days), ['03-09T23:00 3/2']);
  });

  it('a correction moves the window and the group of the event it corrects: 5 calls in eu were 2, then none', async () => {
    const operator = await suite.client('acme', 'billing_operator');
    const { results } = await acme.send(call('5', '2026-03-30T10:00:00Z', { region: 'eu' }));
    await acme.send(call('1', '2026-03-30T10:00:00Z', { region: 'us' }));
    await suite.settle();
    const receipt_id = results[0]!.receipt_id!;
    const correct = async (quantity: string): Promise<void> => {
      const headers = { 'Idempotency-Key': `correct-${quantity}` };
      const response = await operator.call('POST', `${API}/corrections`, { receipt_id, quantity }, headers);
      assert.equal(response.status, 201, await response.text());
    };
    const regions = async () =>
      (await ask(acme, `metric_name=calls&window=minute&group_by=region&from=2026-03-30T09:00:00Z`)).data.map(
        ({ group, value, events }) => `${group['region']} ${value}/${events}`,
      );
    assert.deepEqual(await regions(), ['eu 5/1', 'us 1/1']);
    await correct('2');
    assert.deepEqual(await regions(), ['eu 2/1', 'us 1/1']);
    await correct('0');
    assert.deepEqual(await regions(), ['eu 0/1', 'us 1/1']);
  });

  it('frozen billing stops no summary', async () => {
    await acme.send(call('1', '2026-03-30T10:00:00Z'));
    await suite.settle();
    const fault = { kind: 'wrong_sum', seq: 1, detail: 'looked odd' };
    await suite.platform.reconciliation.freeze(acme.tenant, fault, suite.clock.now());
    await acme.send(call('2', '2026-03-30T10:00:00Z'));
    await suite.settle();
    assert.deepEqual([suite.counts()['waiting'], suite.counts()['unrolled']], [1, 0]);
    assert.deepEqual(await rows(`metric_name=calls&window=day&${March}`), ['03-29T22:00 3/2']);
  });

  it('a backlog of 201 batches is folded by whoever asks', async () => {
    await suite.silenceBus();
    for (let i = 0; i < 201; i++) await acme.send(call('1', '2026-03-30T10:00:00Z'));
    assert.deepEqual(await rows(`metric_name=calls&window=day&${March}`), ['03-29T22:00 201/201']);
    assert.equal(suite.counts()['unrolled'], 0);
  });

  describe('page by page', () => {
    it('7 windows of 2 groups by 3: 3, 3, 3, 3 and 2, each once, whatever else comes in between', async () => {
      const days = ['20', '21', '22', '23', '24', '25', '26'];
      for (const region of ['eu', 'us']) {
        await acme.send(days.map((day) => call('1', `2026-03-${day}T12:00:00Z`, { region })));
      }
      const seen: string[] = [];
      const sizes: number[] = [];
      const query = `metric_name=calls&window=day&group_by=region&limit=3&${March}`;
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Summary = await ask(acme, cursor === '' ? query : `${query}&cursor=${cursor}`);
        sizes.push(page.data.length);
        seen.push(...page.data.map(({ window_start, group }) => `${window_start.slice(8, 10)} ${group['region']}`));
        assert.equal(page.has_more, page.next_cursor !== null);
        cursor = page.next_cursor;
        await acme.send(call('1', '2026-03-20T12:00:00Z', { region: 'eu' }));
      }
      assert.deepEqual(sizes, [3, 3, 3, 3, 2]);
      // Berlin's 20 March begins on the 19th in UTC.
      assert.deepEqual(
        seen,
        ['19', '20', '21', '22', '23', '24', '25'].flatMap((day) => [`${day} eu`, `${day} us`]),
      );
    });

    it('a cursor goes on with its own question alone', async () => {
      await acme.send(['20', '21'].map((day) => call('1', `2026-03-${day}T12:00:00Z`)));
      const query = `metric_name=calls&window=day&limit=1&${March}`;
      const { next_cursor } = await ask(acme, query);
      assert.deepEqual(await rows(`${query}&cursor=${next_cursor}`), ['03-20T23:00 1/1']);
      const other = query.replace('window=day', 'window=hour');
      assert.equal(await refused(`${other}&cursor=${next_cursor}`), '400 invalid_cursor cursor');
      const umbrella = await suite.organization(document('umbrella'));
      assert.equal(await refused(`${query}&cursor=${next_cursor}`, umbrella), '400 invalid_cursor cursor');
    });

    it('billing periods too: four meters by three, and only those that overlap from and to', async () => {
      await acme.send([call('1', NOON), of('seats', '1', NOON), of('disk', '1', NOON), visit('ada', NOON)]);
      await acme.send(call('8', '2026-02-25T12:00:00Z'));
      await suite.settle();
      const first = await ask(acme, 'limit=3');
      const rest = await ask(acme, `limit=3&cursor=${first.next_cursor}`);
      assert.deepEqual([first.data.length, rest.data.length, rest.has_more], [3, 2, false]);
      const only = async (query: string) =>
        (await ask(acme, `metric_name=calls&${query}`)).data.map(({ value }) => value);
      // The subscription's months begin on the 1st at 00:00 UTC.
      assert.deepEqual(await only('from=2026-03-01T00:00:00Z'), ['1']);
      assert.deepEqual(await only('to=2026-03-01T00:00:00Z'), ['8']);
      assert.deepEqual(await only('from=2026-02-28T23:59:59Z&to=2026-03-01T00:00:01Z'), ['8', '1']);
    });
  });

  it('says what is wrong with a question', async () => {
    const from = 'from=2026-03-01T00:00:00Z';
    assert.equal(await refused(`window=day&${from}`), '400 invalid_parameter metric_name');
    assert.equal(await refused('metric_name=calls&window=day'), '400 invalid_parameter from');
    assert.equal(await refused(`metric_name=calls&window=fortnight&${from}`), '400 invalid_parameter window');
    assert.equal(await refused('metric_name=calls&window=day&from=yesterday'), '422 invalid_instant from');
    assert.equal(
      await refused(`metric_name=calls&window=day&${from}&to=2026-03-01T00:00:00Z`),
      '400 invalid_parameter to',
    );
    assert.equal(await refused(`metric_name=calls&group_by=region`), '400 invalid_parameter group_by');
    // 1,500 minutes are 25 hours.
    const minutes = 'metric_name=calls&window=minute&from=2026-03-29T00:00:00Z';
    assert.deepEqual(await rows(`${minutes}&to=2026-03-30T01:00:00Z`), []);
    assert.equal(await refused(`${minutes}&to=2026-03-30T01:00:01Z`), '400 window_too_large to');
    // Minutes are kept for 40 days, sums of quarter hours for 400.
    const early = 'metric_name=calls&window=minute&from=2026-02-18T00:00:00Z&to=2026-02-18T01:00:00Z';
    assert.equal(await refused(early), '400 invalid_parameter from');
    assert.deepEqual(await rows(early.replace('minute', 'hour')), []);
    assert.equal(await refused('metric_name=calls&window=day&from=2025-02-01T00:00:00Z'), '400 invalid_parameter from');
    assert.deepEqual(await rows(`metric_name=unheard_of&window=day&${from}`), []);
  });

  it('sums are let go when they are older than they are kept: minutes after 40 days, the rest after 400', async () => {
    await acme.send([call('1', '2026-03-30T10:00:00Z'), visit('ada', '2026-03-30T10:00:00Z')]);
    await suite.settle();
    const kept = () => [suite.counts()['usage_rollups'], suite.counts()['usage_values']];
    assert.deepEqual(kept(), [4, 1]);
    // The hour ends at 11:00, the day at midnight.
    suite.goTo('2026-05-09T11:00:00Z');
    await suite.sweep();
    assert.deepEqual(kept(), [4, 1]);
    suite.goTo('2026-05-09T11:00:01Z');
    await suite.sweep();
    assert.deepEqual(kept(), [2, 1]);
    suite.goTo('2027-05-05T00:00:01Z');
    await suite.sweep();
    assert.deepEqual(kept(), [0, 0]);
  });

  it('nobody sees another’s usage', async () => {
    await acme.send(call('1', '2026-03-30T10:00:00Z'));
    const umbrella = await suite.organization(document('umbrella'));
    assert.deepEqual(await rows(`metric_name=calls&window=day&${March}`, umbrella), []);
    const viewer = await suite.client('acme', 'tenant_viewer');
    assert.deepEqual(await rows(`metric_name=calls&window=day&${March}`, viewer), ['03-29T22:00 1/1']);
  });
});

describe('what became of an event', () => {
  let suite: TestSuite;
  let acme: Client;

  beforeEach(async () => {
    suite = await TestSuite.start({ at: '2026-03-30T12:00:00Z' });
    acme = await suite.organization(document('acme', 'UTC'));
  });
  afterEach(() => suite.close());

  const stateOf = (id: string): Promise<EventState> => acme.read<EventState>(`${API}/usage/events/${id}`);

  it('accepted, then billed, then adjusted by each correction', async () => {
    await suite.silenceBus();
    const id = (await acme.send(call('5', '2026-03-30T10:00:00Z'))).results[0]!.receipt_id!;
    assert.deepEqual(await stateOf(id), { receipt_id: id, state: 'accepted' });
    await suite.restart();
    await suite.settle();
    const billed = await stateOf(id);
    assert.deepEqual(
      { ...billed, recorded_at: '' },
      {
        ...{ receipt_id: id, state: 'billed', subscription_id: 'main', metric_name: 'calls', aggregation: 'sum' },
        ...{ quantity: '5', occurred_at: '2026-03-30T10:00:00.000000Z', late: false, seq: 2, recorded_at: '' },
        period: { start: '2026-03-01T00:00:00.000000Z', end: '2026-04-01T00:00:00.000000Z' },
        billed_in: { start: '2026-03-01T00:00:00.000000Z', end: '2026-04-01T00:00:00.000000Z' },
        ...{ amount: '5', currency: 'USD', price_ref: 'calls@1', corrections: [] },
      },
    );
    const operator = await suite.client('acme', 'billing_operator');
    for (const [quantity, correction_id] of [
      ['2', 'first'],
      ['3', 'second'],
    ] as const) {
      const body = { receipt_id: id, quantity, correction_id };
      await operator.call('POST', `${API}/corrections`, body, { 'Idempotency-Key': correction_id });
    }
    const adjusted = await stateOf(id);
    assert.equal(adjusted.state, 'adjusted');
    // 5 was 2, which was 3.
    assert.deepEqual(
      adjusted.corrections!.map(({ correction_id, change }) => [correction_id, change]),
      [
        ['first', '-3'],
        ['second', '1'],
      ],
    );
  });

  it('usage of a closed period is billed in the next one, and says so', async () => {
    await acme.send([call('1', '2026-02-20T10:00:00Z'), call('1', NOON)]);
    await suite.settle();
    suite.goTo('2026-04-01T02:00:00Z');
    await suite.runInvoices();
    await suite.settle();
    const id = (await acme.send(call('7', '2026-03-20T10:00:00Z'))).results[0]!.receipt_id!;
    await suite.settle();
    const { state, late, period, billed_in } = await stateOf(id);
    assert.deepEqual(
      [state, late, period?.start.slice(0, 7), billed_in?.start.slice(0, 7)],
      [...['billed', true, '2026-03', '2026-04']],
    );
  });

  it('what nobody accepted is not there, nor is what another organization sent', async () => {
    const id = (await acme.send(call('5', NOON))).results[0]!.receipt_id!;
    await suite.settle();
    const umbrella = await suite.organization(document('umbrella'));
    for (const [client, wanted] of [
      [umbrella, id],
      [acme, id.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))],
    ] as const) {
      assert.equal((await client.get(`${API}/usage/events/${wanted}`)).status, 404);
    }
    assert.equal((await acme.get(`${API}/usage/events/short`)).status, 404);
  });
});
