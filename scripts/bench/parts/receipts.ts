import { PAGE_ENTRIES, packPage, unpackPage } from '../../../shared/domain/ledger/page.ts';
import { Replay } from '../../../shared/domain/ledger/replay.ts';
import { type Spread, shown, spreadOf, tableOf } from '../figures.ts';
import { buildLedger, LEDGER, PRICES, ratableEvents, TENANT } from '../ledger-in-memory.ts';

export interface ReceiptFigures {
  readonly receipts: number;
  readonly rounds: number;
  /** CPU microseconds of one core for each receipt */
  readonly results: readonly { readonly what: string; readonly micros: Spread }[];
  /** of a receipt's text, and of what it takes up in a packed page */
  readonly bytes: number;
  readonly packed: number;
}

/** CPU time of this process: on a shared machine the wall clock measures the neighbours. */
function cpuMicros(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** What a receipt costs by itself: building it, packing pages, verifying it. One core. */
export function receiptCosts(receipts: number, rounds: number): ReceiptFigures {
  const events = ratableEvents(receipts);
  const texts: string[] = [];
  buildLedger(events, (some) => texts.push(...some));
  const pages: Buffer[] = [];
  for (let at = 0; at < texts.length; at += PAGE_ENTRIES) pages.push(packPage(texts.slice(at, at + PAGE_ENTRIES)));
  const prices = new Map(PRICES.map((version) => [version.digest, version]));

  const measure = (what: string, work: () => void) => {
    cpuMicros(work);
    return { what, micros: spreadOf(Array.from({ length: rounds }, () => cpuMicros(work) / receipts)) };
  };
  const results = [
    measure('build: rate, write, hash, link, tree', () => {
      buildLedger(events, () => undefined);
    }),
    measure('pack pages (zstd)', () => {
      for (let at = 0; at < texts.length; at += PAGE_ENTRIES) packPage(texts.slice(at, at + PAGE_ENTRIES));
    }),
    measure('unpack pages', () => {
      for (const page of pages) unpackPage(page);
    }),
    measure('verify: parse, forms, link, tree, re-rate', () => {
      const replay = Replay.fromGenesis(LEDGER, TENANT, prices);
      for (const text of texts) replay.apply(text);
    }),
  ];
  return {
    ...{ receipts, rounds, results },
    bytes: texts.reduce((sum, text) => sum + text.length + 1, 0) / receipts,
    packed: pages.reduce((sum, page) => sum + page.length, 0) / receipts,
  };
}

export const receiptReport = ({ receipts, rounds, results, bytes, packed }: ReceiptFigures): string[] => [
  `a receipt by itself: ${shown(receipts)} receipts, ${rounds} rounds, CPU time of one core`,
  ...tableOf(
    ['', 'µs each', 'least', 'most', 'per second'],
    results.map(({ what, micros: { median, least, most } }) => [
      what,
      ...[median, least, most].map((micros) => shown(micros, 2)),
      shown(1e6 / median),
    ]),
  ),
  `${shown(bytes)} bytes per receipt, ${shown(packed)} in packed pages`,
];
