import { invoiceBytes } from '../invoice/invoice.ts';
import { LedgerFault } from '../ledger/faults.ts';
import type { HeadLine } from '../ledger/kinds.ts';
import { Unreadable } from '../ledger/record.ts';
import type { Replay } from '../ledger/replay.ts';
import { type Instant, plusMicros } from '../time.ts';
import type { BundleFiles } from './bundle-files.ts';
import { type ClaimName, type Examination, Refuted } from './claims.ts';
import type { Anchors } from './verify-anchors.ts';
import { startReplay } from './verify-start.ts';

/** How far the clocks of two instances may differ. */
const CLOCK_TOLERANCE_MICROS = 5n * 60n * 1_000_000n;

/** Where the log was not checked against anything else. */
export const NO_ANCHORS: Anchors = { through: new Map(), times: [] };

/**
 * Replays the entries and compares where they end: chain, charges, and the invoice.
 * @param head the sealed head; undefined where the seal did not hold
 * @returns how many entries were read
 */
export function checkEntries(examination: Examination, head: HeadLine | undefined, anchors: Anchors): number {
  const replay = startReplay(examination);
  const start = replay.size;
  replayAll(examination, replay, head, anchors);
  examination.pass('charges', `${replay.charges} charges re-rated`);
  if (head !== undefined) checkEnd(examination, replay, head, start);
  checkInvoice(examination, replay);
  return replay.size - start;
}

function replayAll(
  { files }: Examination,
  replay: Replay,
  head: HeadLine | undefined,
  { through: anchors, times }: Anchors,
): void {
  let passed = 0;
  const checkTime = (seq: number, recordedAt: string): void => {
    while (passed < times.length && times[passed]!.size <= seq) passed++;
    const before = times[passed - 1];
    const next = times[passed];
    if (next !== undefined && recordedAt > next.at) {
      throw new Refuted('anchors', `recorded at ${recordedAt}, but sealed at ${next.at}`, {
        seq,
        file: 'receipts.ndjson',
      });
    }
    if (before !== undefined && recordedAt < plusMicros(before.at as Instant, -CLOCK_TOLERANCE_MICROS)) {
      throw new Refuted('anchors', `recorded at ${recordedAt}, but not there yet at ${before.at}`, {
        seq,
        file: 'receipts.ndjson',
      });
    }
  };
  const checkHead = (): void => {
    const anchor = anchors.get(replay.size);
    if (anchor === undefined) return;
    const found = replay.head();
    if (found.root !== anchor.root || found.last !== anchor.last) {
      throw new Refuted('anchors', `at ${replay.size} entries the log is another than was signed then`, {
        seq: replay.size - 1,
        file: 'receipts.ndjson',
      });
    }
  };
  const start = replay.size;
  // Entries of one commit share their time: once per time and stretch between anchors is enough.
  let timed = '';
  let timedUntil = 0;
  try {
    const lines = files.lines('receipts.ndjson');
    if (replay.size > 0) checkHead();
    for (let line = lines.next(); line.done !== true; line = lines.next()) {
      // Asked for only where a link is broken, and nothing is read after that.
      const entry = replay.apply(line.value, () => {
        const next = lines.next();
        return next.done === true ? head?.last : prevOf(next.value);
      });
      if (entry.recorded_at !== timed || replay.size > timedUntil) {
        checkTime(replay.size - 1, entry.recorded_at);
        timed = entry.recorded_at;
        timedUntil = times[passed]?.size ?? 0;
      }
      checkHead();
    }
    holdCorrections(files, replay, start);
  } catch (error) {
    if (error instanceof Unreadable) {
      throw new Refuted('chain', error.message, { seq: replay.size, file: 'receipts.ndjson' });
    }
    if (!(error instanceof LedgerFault)) throw error;
    const claim = CLAIM_OF[error.kind] ?? 'chain';
    throw new Refuted(claim, `${error.kind}: ${error.message}`, { seq: error.seq, file: 'receipts.ndjson' });
  }
}

/** A second look at the entries that were corrected, as far as they are here: what was billed before the bundle begins is not. */
function holdCorrections(files: BundleFiles, { corrections }: Replay, start: number): void {
  const wanted = corrections.charges.filter((seq) => seq >= start);
  if (wanted.length === 0) return;
  let seq = start;
  for (const text of files.lines('receipts.ndjson')) {
    if (seq === wanted[0]) corrections.hold(wanted.shift()!, text);
    if (wanted.length === 0) return;
    seq++;
  }
}

/** The entries end where the seal says that the log stood. */
function checkEnd({ pass }: Examination, replay: Replay, head: HeadLine, start: number): void {
  const found = replay.head();
  const seq = Math.min(found.size, Number(head.size));
  const refuse = (detail: string, at: number): never => {
    throw new Refuted('chain', detail, { seq: at, file: 'receipts.ndjson' });
  };
  if (String(found.size) !== head.size) refuse(`the bundle holds ${found.size} entries, ${head.size} were sealed`, seq);
  if (found.last !== head.last) refuse('the last entry is not the one that was sealed', found.size - 1);
  if (found.root !== head.root) refuse('the entries are not the ones that were sealed', start);
  pass('chain', `${found.size - start} entries up to number ${found.size - 1}, none missing`);
}

function checkInvoice({ files, about, pass }: Examination, replay: Replay): void {
  const invoice = replay.invoices.get(about.number);
  if (invoice === undefined)
    throw new Refuted('invoice', `no entry issues invoice ${about.number}`, { file: 'receipts.ndjson' });
  if (invoice.period !== about.period || invoice.subscription !== about.subscription) {
    throw new Refuted('invoice', 'the invoice is of another period', { file: 'manifest.json' });
  }
  if (!invoiceBytes(invoice).equals(files.file('invoice.json'))) {
    throw new Refuted('invoice', 'the invoice is not the sum of its receipts', { file: 'invoice.json' });
  }
  pass(
    'invoice',
    `${invoice.number}: ${invoice.lines.length} lines, total ${invoice.total} minor units of ${invoice.currency}`,
  );
}

/** Faults of an entry that are about money rather than about the log. */
const CLAIM_OF: Readonly<Record<string, ClaimName>> = {
  misrated: 'charges',
  wrong_aggregate: 'charges',
  unknown_price: 'charges',
  wrong_period: 'charges',
  reserved_kind: 'charges',
  wrong_fee: 'charges',
  wrong_sum: 'invoice',
  unknown_terms: 'invoice',
  wrong_balance: 'invoice',
  wrong_invoice: 'invoice',
};

const prevOf = (text: string): string | undefined => /"prev":"([A-Za-z0-9_-]{43})"/.exec(text)?.[1];
