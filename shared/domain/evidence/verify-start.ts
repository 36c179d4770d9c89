import { sha256Base64url } from '../digest.ts';
import { Books } from '../ledger/books.ts';
import { booksOf } from '../ledger/carried.ts';
import { FORMS } from '../ledger/forms.ts';
import type { Entry } from '../ledger/kinds.ts';
import { readEntry, Unreadable } from '../ledger/record.ts';
import { Replay } from '../ledger/replay.ts';
import { CompactRange } from '../ledger/tree.ts';
import { type PriceVersion, parsePriceVersion } from '../pricing/version.ts';
import { pricePath, termsPath } from './bundle.ts';
import type { BundleFiles } from './bundle-files.ts';
import { type Examination, Refuted } from './claims.ts';

const OPENING_VALUES_MAX_BYTES = 512 * 1024 ** 2;

/** The replay at the bundle's first entry: at genesis, or with the balance brought forward. */
export function startReplay({ files, pinned, about }: Examination): Replay {
  const prices = readPrices(files);
  const terms = readTerms(files);
  const start = files.json('start.json');
  files.members(start, ['blind', 'last', 'peaks', 'size'], 'start.json');
  const sizeText = files.text(start, 'size', 'start.json');
  const last = files.text(start, 'last', 'start.json');
  if (!FORMS.count(sizeText)) throw new Unreadable('start.json has no size');
  if (pinned.blind !== undefined && files.text(start, 'blind', 'start.json') !== pinned.blind) {
    throw new Refuted('heads', 'the blind is not the pinned one', { file: 'start.json' });
  }
  const peaks = files.hashes(start, 'peaks', 'start.json');
  let range: CompactRange;
  try {
    range = new CompactRange(Number(sizeText), peaks);
  } catch (error) {
    throw new Unreadable(error instanceof Error ? error.message : String(error));
  }
  if (range.size === 0) {
    if (last !== '' || files.has('opening.json')) throw new Unreadable('nothing stands before a genesis');
    const books = new Books();
    return new Replay(pinned.ledger, about.tenant, prices, { range, last: undefined, books }, terms);
  }
  const values = readOpeningValues(files);
  const carried = files.json('opening.json');
  const opened = firstEntry(files, range.size);
  if (opened?.typ !== 'open' || opened.period !== about.period || opened.subscription !== about.subscription) {
    throw new Refuted('invoice', 'the bundle does not begin where its period was opened', {
      seq: range.size,
      file: 'receipts.ndjson',
    });
  }
  if (opened.carried !== sha256Base64url(files.file('opening.json'))) {
    throw new Refuted('charges', 'the balance brought forward is not the one the first entry carries', {
      seq: range.size,
      file: 'opening.json',
    });
  }
  const books = booksOf(carried, values);
  for (const name of values.keys()) {
    if (books.aggregates.get(name)?.seen === undefined) {
      throw new Refuted('chain', `the balance counts no values of ${name.slice(0, 300)}`, {
        file: 'opening-values.json',
      });
    }
  }
  return new Replay(pinned.ledger, about.tenant, prices, { range, last, books, seenValues: values }, terms);
}

/** unique_count: for each aggregate of the balance the values it had seen, in the order first seen. */
function readOpeningValues(files: BundleFiles): Map<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  const listed = files.json('opening-values.json', OPENING_VALUES_MAX_BYTES);
  if (!Array.isArray(listed)) throw new Unreadable('opening-values.json is no list');
  let previous = '';
  for (const item of listed as unknown[]) {
    files.members(item, ['aggregate', 'values'], 'opening-values.json');
    const aggregate = files.text(item, 'aggregate', 'opening-values.json');
    if (aggregate <= previous) throw new Unreadable('opening-values.json is out of order');
    previous = aggregate;
    const commits = (item as { readonly values: unknown }).values;
    if (!Array.isArray(commits) || !commits.every((text) => typeof text === 'string')) {
      throw new Unreadable('opening-values.json holds something else than commitments');
    }
    values.set(aggregate, commits as string[]);
  }
  return values;
}

function firstEntry(files: BundleFiles, seq: number): Entry | undefined {
  try {
    const first = files.lines('receipts.ndjson').next();
    return first.done === true ? undefined : readEntry(first.value);
  } catch (error) {
    if (error instanceof Unreadable) throw new Refuted('chain', error.message, { seq, file: 'receipts.ndjson' });
    throw error;
  }
}

/** The price documents, by digest; each is the one that its name says. */
function readPrices(files: BundleFiles): Map<string, PriceVersion> {
  const prices = new Map<string, PriceVersion>();
  for (const path of files.paths()) {
    if (!path.startsWith('prices/')) continue;
    let version: PriceVersion;
    try {
      version = parsePriceVersion(files.json(path));
    } catch (error) {
      throw new Refuted('charges', error instanceof Error ? error.message : String(error), { file: path });
    }
    if (!version.bytes.equals(files.file(path)) || pricePath(version.digest) !== path) {
      throw new Refuted('charges', 'the price document is not the one its name gives the digest of', { file: path });
    }
    prices.set(version.digest, version);
  }
  return prices;
}

/** Discounts and tax decisions, by digest; each is the one that its name says. What it says is read where it is cited. */
function readTerms(files: BundleFiles): Map<string, Uint8Array> {
  const terms = new Map<string, Uint8Array>();
  for (const path of files.paths()) {
    if (!path.startsWith('terms/')) continue;
    const bytes = files.file(path);
    const digest = sha256Base64url(bytes);
    if (termsPath(digest) !== path) {
      throw new Refuted('invoice', 'the terms are not the ones their name gives the digest of', { file: path });
    }
    terms.set(digest, bytes);
  }
  return terms;
}
