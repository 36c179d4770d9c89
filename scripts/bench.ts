import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { PAGE_ENTRIES, packPage, unpackPage } from '../shared/domain/ledger/page.ts';
import { Replay } from '../shared/domain/ledger/replay.ts';
import { buildLedger, LEDGER, PRICES, ratableEvents, TENANT } from './bench/ledger-in-memory.ts';

const countOf = (text: string): number => {
  if (/^[1-9][0-9]{2,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('between 100 and 9,999,999.');
};

const { receipts, rounds, json } = new Command('bench')
  .description('Measures what a receipt costs: building it, packing pages, verifying it. One core, CPU time.')
  .option('--receipts <count>', 'receipts per round', countOf, 100_000)
  .option('--rounds <count>', 'counted rounds, after one warm-up', Number, 5)
  .option('--json <file>', 'where to write the figures')
  .parse()
  .opts<{ receipts: number; rounds: number; json?: string }>();

interface Measured {
  readonly what: string;
  /** CPU microseconds per receipt, median over the rounds */
  readonly micros: number;
  readonly least: number;
  readonly most: number;
}

/** CPU time of this process: on a shared machine the wall clock measures the neighbours. */
function cpuMicros(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function measure(what: string, work: () => void): Measured {
  cpuMicros(work);
  const each = Array.from({ length: rounds }, () => cpuMicros(work) / receipts).sort((a, b) => a - b);
  return { what, micros: each[Math.floor(each.length / 2)]!, least: each[0]!, most: each.at(-1)! };
}

const events = ratableEvents(receipts);
const texts: string[] = [];
buildLedger(events, (some) => texts.push(...some));
const pages: Buffer[] = [];
for (let at = 0; at < texts.length; at += PAGE_ENTRIES) pages.push(packPage(texts.slice(at, at + PAGE_ENTRIES)));
const bytes = texts.reduce((sum, text) => sum + text.length + 1, 0);
const packed = pages.reduce((sum, page) => sum + page.length, 0);
const prices = new Map(PRICES.map((version) => [version.digest, version]));

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

console.log(`${receipts} receipts, ${rounds} rounds, CPU time of one core`);
for (const { what, micros, least, most } of results) {
  const rate = Math.round(1e6 / micros).toLocaleString('en-US');
  console.log(
    `${what.padEnd(44)} ${micros.toFixed(2).padStart(7)} µs each (${least.toFixed(2)} to ${most.toFixed(2)})  ${rate.padStart(9)}/s`,
  );
}
console.log(`${(bytes / receipts).toFixed(0)} bytes per receipt, ${(packed / receipts).toFixed(0)} in packed pages`);
if (json !== undefined) {
  await writeFile(
    json,
    `${JSON.stringify({ receipts, rounds, results, bytes: bytes / receipts, packed: packed / receipts }, null, 2)}\n`,
  );
}
