import { SeededEntropy } from '../../shared/adapters/local/entropy.ts';
import { ONE, type Quantity } from '../../shared/domain/decimals.ts';
import { parseLedgerOrigin, parseTenantId } from '../../shared/domain/ids.ts';
import { Books, type OpenPeriod } from '../../shared/domain/ledger/books.ts';
import { type LogPosition, type RatableEvent, Scribe } from '../../shared/domain/ledger/scribe.ts';
import { CompactRange } from '../../shared/domain/ledger/tree.ts';
import { type PriceVersion, parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import { type Instant, instantOfMicros, microsOf } from '../../shared/domain/time.ts';

export const LEDGER = parseLedgerOrigin('ledger.example.com/bench');
export const TENANT = parseTenantId('tenant-bench');
const PERIOD = '2026-03-01T00:00:00.000000Z/2026-04-01T00:00:00.000000Z';
const START = microsOf('2026-03-01T00:00:00.000000Z' as Instant);

/** Three meters as an LLM service has them: two per unit, one graduated. */
export const PRICES: readonly PriceVersion[] = [
  { price_id: 'input', version: '1', currency: 'USD', model: { type: 'per_unit', unit_amount: '0.0000025' } },
  { price_id: 'output', version: '1', currency: 'USD', model: { type: 'per_unit', unit_amount: '0.00001' } },
  {
    price_id: 'requests',
    version: '1',
    currency: 'USD',
    model: {
      type: 'graduated',
      tiers: [
        { up_to: '1000', unit_amount: '0' },
        { up_to: null, unit_amount: '0.0002' },
      ],
    },
  },
].map(parsePriceVersion);

/** Events ready to be rated, no two alike. */
export function ratableEvents(count: number): RatableEvent[] {
  const bytes = new SeededEntropy('bench');
  return Array.from({ length: count }, (_, i) => {
    const price = PRICES[i % PRICES.length]!;
    return {
      receiptId: Buffer.from(bytes.bytes(32)).toString('base64url'),
      eventCommit: Buffer.from(bytes.bytes(32)).toString('base64url'),
      occurredAt: instantOfMicros(START + BigInt(i) * 1_000n),
      subscription: 'main',
      meter: price.document.priceId,
      aggregation: 'sum' as const,
      quantity: (BigInt(1 + (i % 5000)) * ONE) as Quantity,
      valueCommit: '',
      isNewValue: false,
      period: PERIOD,
      price,
    };
  });
}

/** As many as one commit appends. */
const COMMIT_EVENTS = 1000;

/**
 * Genesis, one open period, a charge per event, in appends of the usual size.
 * @param keep told of each append's canonical texts
 */
export function buildLedger(events: readonly RatableEvent[], keep: (texts: readonly string[]) => void): void {
  const blinds = new SeededEntropy('blinds');
  const now = instantOfMicros(START);
  const books = new Books();
  let position: LogPosition = {
    ledger: LEDGER,
    tenant: TENANT,
    range: new CompactRange(),
    last: undefined,
    recordedAt: undefined,
  };
  let open: OpenPeriod | undefined;
  for (let at = 0; at < events.length; at += COMMIT_EVENTS) {
    const scribe = new Scribe(position, books, now, () => blinds.bytes(16));
    if (open === undefined) {
      scribe.genesis();
      open = scribe.open('main', PERIOD, 'USD');
    }
    for (let i = at; i < Math.min(events.length, at + COMMIT_EVENTS); i++) scribe.charge(events[i]!, open);
    keep(scribe.texts);
    position = { ...position, range: scribe.range, last: scribe.last, recordedAt: scribe.recordedAt };
  }
}
