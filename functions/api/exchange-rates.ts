import { formatPrice, parsePrice } from '../../shared/domain/decimals.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import { parseCurrency } from '../../shared/domain/money/currency.ts';
import { readInstant } from '../../shared/domain/time.ts';
import type { ApiAnswer } from '../../shared/edge/http/handler.ts';
import type { Call, Operation } from '../../shared/edge/http/operation.ts';
import { countSchema, currencySchema, nameSchema, pageOf, pageQuery } from '../../shared/edge/http/schemas.ts';
import { type ExchangeRateRow, recordRate } from '../../shared/stores/exchange-rate-store.ts';
import { followUp, unfrozen } from './follow-up.ts';
import { type ApiRoom, listing } from './room.ts';

const API = '/api/v1/billing/exchange-rates';
const rate = { type: 'string', pattern: '^[0-9]{1,12}(?:\\.[0-9]{1,12})?$', maxLength: 25 } as const;
const day = { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', maxLength: 10 } as const;
const told = {
  base_currency: currencySchema,
  quote_currency: currencySchema,
  rate: { ...rate, description: 'units of the quote currency for one of the base currency' },
  rate_date: { ...day, description: 'the day that it was published for' },
  source: { ...nameSchema, description: 'who published it: ecb' },
} as const;

const requestSchema = {
  $id: 'urn:tallystick:schema:exchange-rate-request',
  type: 'object',
  required: Object.keys(told),
  additionalProperties: false,
  properties: { rate_id: { ...nameSchema, description: 'made up unless given' }, ...told },
} as const;

const rateSchema = {
  $id: 'urn:tallystick:schema:exchange-rate',
  type: 'object',
  required: ['rate_id', ...Object.keys(told), 'seq'],
  additionalProperties: false,
  properties: { rate_id: nameSchema, ...told, seq: { ...countSchema, description: 'its entry in the ledger' } },
} as const;

interface Body {
  readonly rate_id?: string;
  readonly base_currency: string;
  readonly quote_currency: string;
  readonly rate: string;
  readonly rate_date: string;
  readonly source: string;
}

/** Rates by which amounts become those of another currency. Each is an entry of the ledger before it converts anything. */
export const exchangeRateOperations = (room: ApiRoom): Operation[] => [
  {
    operationId: 'recordExchangeRate',
    method: 'POST',
    path: API,
    tag: 'Currencies',
    summary: 'Record an exchange rate',
    description: 'It never changes; another rate is another record.',
    scope: 'invoices:write',
    body: requestSchema,
    answers: { 201: rateSchema },
    idempotencyKey: 'required',
    mutation: 'exchange_rate.recorded',
    handle: (call) => record(call, room),
  },
  {
    operationId: 'listExchangeRates',
    method: 'GET',
    path: API,
    tag: 'Currencies',
    summary: 'Recorded exchange rates',
    scope: 'billing:read',
    query: pageQuery,
    answers: { 200: pageOf('exchange-rate-list', rateSchema) },
    handle: async ({ tenant, query }) => {
      const { limit, after = '', answer } = listing(room, tenant, 'exchange-rates', query);
      const rows = (await room.exchangeRates.list(tenant, after, limit + 1)).map(rateJson);
      return answer(rows, (last) => last.rate_id);
    },
  },
];

async function record(call: Call, room: ApiRoom): Promise<ApiAnswer> {
  const body = call.body as Body;
  const [base, quote] = [parseCurrency(body.base_currency), parseCurrency(body.quote_currency)];
  if (base === quote) throw new BadInput('currency_mismatch', 'a rate is between two currencies', 'quote_currency');
  const units = parsePrice(body.rate, 'rate');
  if (units <= 0n) throw new BadInput('invalid_amount', 'a rate is above zero', 'rate');
  // JavaScript's own reader takes 30 February for 2 March.
  if (readInstant(`${body.rate_date}T00:00:00Z`) === undefined) {
    throw new BadInput('invalid_instant', 'there is no such day', 'rate_date');
  }
  const rate_id = body.rate_id ?? call.newId('fx');
  const { rate_date, source } = body;
  const fields = { rate_id, base_currency: base, quote_currency: quote, rate: formatPrice(units), rate_date, source };
  const done = unfrozen(
    await room.ledger.append(call.tenant, call.now, async (work, tx) => {
      const answer: ApiAnswer = { status: 201, json: rateJson(await recordRate(work, tx, fields)) };
      await call.settle(tx, answer);
      return answer;
    }),
  );
  await followUp(call.tenant, done.appended, room);
  return done.result;
}

const rateJson = ({ tenant: _tenant, recorded_at: _at, ...row }: ExchangeRateRow) => row;
