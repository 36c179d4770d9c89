import assert from 'node:assert/strict';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { buildLedger, ratableEvents } from '../../scripts/bench/ledger-in-memory.ts';
import { PAGE_ENTRIES, PageDamaged, packPage, pagesOf, unpackPage } from '../../shared/domain/ledger/page.ts';
import { packCompact } from '../../shared/domain/ledger/page-compact.ts';
import { writeEntry } from '../../shared/domain/ledger/record.ts';
import { leafHashTextOf } from '../../shared/domain/ledger/tree.ts';
import { plusMicros } from '../../shared/domain/time.ts';
import { receiptId } from '../../shared/domain/usage/identity.ts';
import { naiveEntries } from '../support/naive-page.ts';
import { ENTRY_KIND_NAMES, sampleEntry } from '../support/sample-records.ts';
import { type Happening, METER_COUNT, SmallLedger } from '../support/small-ledger.ts';

const PLAIN = 0x28;
const COMPACT = 0x02;

const frame = (text: string): Buffer =>
  zstdCompressSync(Buffer.from(text, 'latin1'), { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

/** Entries whose members were changed one by one, each naming the one before as it now is. */
function linked(texts: readonly string[], change: (text: string, i: number) => string): string[] {
  let prev = /"prev":"([^"]*)"/.exec(texts[0]!)![1]!;
  return texts.map((text, i) => {
    const entry = change(text, i).replace(/"prev":"[^"]*"/, `"prev":"${prev}"`);
    prev = leafHashTextOf(entry);
    return entry;
  });
}

/** The charges of an LLM service as they come: three meters in turn, all of one request at one time, ids as the suite gives them. */
function llmCharges(count: number): string[] {
  const texts: string[] = [];
  const events = ratableEvents(count).map((event, i) => {
    const occurredAt = plusMicros(event.occurredAt, BigInt((Math.floor(i / 3) * 7919) % 100_003));
    const key = Buffer.from(event.receiptId, 'base64url').subarray(0, 16);
    return { ...event, occurredAt, receiptId: receiptId(key, occurredAt) };
  });
  buildLedger(events, (some) => texts.push(...some));
  return texts;
}

const happening = fc.record<Happening>({
  minutes: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 900 })),
  event: fc.option(
    fc.record({
      meter: fc.integer({ min: 0, max: METER_COUNT - 1 }),
      quantity: fc.oneof(
        fc.integer({ min: 1, max: 9999 }).map(String),
        fc.constantFrom('0.000000000001', '12.75', '99999999999999999999'),
      ),
      value: fc.integer({ min: 0, max: 4 }),
      lag: fc.integer({ min: 0, max: 3000 }),
    }),
    { nil: undefined, freq: 8 },
  ),
  commit: fc.boolean(),
});
const logs = fc
  .array(happening, { minLength: 1, maxLength: 120 })
  .map((happenings) => new SmallLedger(happenings).texts);

describe('a page gives back every byte of its entries', () => {
  const giveBack = (texts: readonly string[], hashes?: readonly string[]): Buffer => {
    const page = packPage(texts, hashes);
    assert.deepEqual(unpackPage(page), texts);
    return page;
  };

  it('of any log: every aggregation, late usage, closes and invoices, in any commits; and is compact', () => {
    fc.assert(
      fc.property(logs, fc.nat(), (texts, start) => {
        const stretch = texts.slice(start % texts.length).slice(0, PAGE_ENTRIES);
        const page = giveBack(stretch);
        assert.equal(page[0], COMPACT);
        assert.deepEqual(naiveEntries(page), stretch, 'as the document says, read by other code');
      }),
      { numRuns: 150 },
    );
  });

  it('whether its entries come with their hashes or not: the bytes are the same', () => {
    const texts = llmCharges(PAGE_ENTRIES);
    assert.deepEqual(giveBack(texts), giveBack(texts, texts.map(leafHashTextOf)));
  });

  it('of an entry of every kind there is, alone', () => {
    for (const kind of ENTRY_KIND_NAMES) {
      for (let turn = 0; turn < 6; turn++) giveBack([writeEntry(sampleEntry(kind, turn))]);
    }
  });

  it('of entries of every kind that do not follow from one another, plain', () => {
    const texts = ENTRY_KIND_NAMES.map((kind, turn) => writeEntry(sampleEntry(kind, turn)));
    assert.equal(giveBack(texts)[0], PLAIN);
  });

  it('whatever member of whatever entry was changed to something that does not follow from its neighbours', () => {
    const whole = llmCharges(40);
    const changed = fc.tuple(
      fc.nat(whole.length - 1),
      fc.constantFrom(...[...whole[5]!.matchAll(/"([a-z_]+)":/g)].map((match) => match[1]!)),
      fc.oneof(
        fc.constantFrom('', '0', '-1', '007', '1.50', 'x'),
        fc.string({ unit: fc.constantFrom(...'aZ09-_. {}:,/') }),
      ),
    );
    fc.assert(
      fc.property(fc.array(changed, { minLength: 1, maxLength: 3 }), fc.boolean(), (changes, relink) => {
        const change = (text: string, at: number): string =>
          changes.reduce(
            (now, [place, name, value]) =>
              place === at ? now.replace(new RegExp(`"${name}":"[^"]*"`), () => `"${name}":"${value}"`) : now,
            text,
          );
        giveBack(relink ? linked(whole, change) : whole.map(change));
      }),
      { numRuns: 300 },
    );
  });

  it('also where somebody gives it hashes that are not theirs', () => {
    const texts = llmCharges(10);
    const hashes = texts.map(leafHashTextOf);
    giveBack(texts, [...hashes.slice(0, 4), hashes[0]!, ...hashes.slice(5)]);
  });

  it('in the form of before, which stores still hold', () => {
    const texts = llmCharges(300).slice(0, PAGE_ENTRIES);
    assert.deepEqual(unpackPage(frame(`${texts.join('\n')}\n`)), texts);
  });

  it('a log is cut every 256 entries, numbered from where it goes on', () => {
    const texts = llmCharges(600);
    const pages = pagesOf(1000, texts, texts.map(leafHashTextOf));
    assert.deepEqual(
      pages.map(({ firstSeq, count }) => [firstSeq, count]),
      [
        [1000, 256],
        [1256, 256],
        [1512, 90],
      ],
    );
    assert.deepEqual(
      pages.flatMap(({ bytes }) => unpackPage(bytes)),
      texts,
    );
  });

  it('in 75 bytes for each charge of an LLM service, where plain they take twice as many', () => {
    const texts = llmCharges(2 + 4 * PAGE_ENTRIES).slice(2);
    const pages = pagesOf(0, texts);
    const bytes = pages.reduce((sum, page) => sum + page.bytes.length, 0) / texts.length;
    const plain =
      pages.reduce((sum, _, i) => sum + frame(texts.slice(i * 256, i * 256 + 256).join('\n')).length, 0) / texts.length;
    assert.ok(bytes < 75, `${bytes} bytes each`);
    assert.ok(plain > 2 * bytes, `plain ${plain}`);
  });
});

describe('a damaged page is refused', () => {
  const texts = llmCharges(12);
  const page = packPage(texts);
  const rawEnd = 73 + page.readUInt32BE(1);

  it('whichever bit of it is another: all but spare bits of the compression, which change no entry', () => {
    let refused = 0;
    for (let bit = 0; bit < 8 * page.length; bit++) {
      const changed = Buffer.from(page);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      try {
        assert.deepEqual(unpackPage(changed), texts, `bit ${bit}`);
      } catch (error) {
        if (!(error instanceof PageDamaged)) throw error;
        refused++;
      }
    }
    assert.ok(refused > 8 * page.length * 0.995, `${refused} of ${8 * page.length}`);
  });

  it('wherever it is cut, and with anything behind it', () => {
    for (let end = 0; end < page.length; end++) assert.throws(() => unpackPage(page.subarray(0, end)), PageDamaged);
    assert.throws(() => unpackPage(Buffer.concat([page, Buffer.from('x')])), PageDamaged);
  });

  const lines = zstdDecompressSync(page.subarray(rawEnd)).toString('latin1').split('\n');
  /** The page with another text part, compressed and measured as it should be. */
  const withText = (text: readonly string[]): Buffer => {
    const part = frame(text.join('\n'));
    const head = Buffer.from(page.subarray(0, rawEnd));
    head.writeUInt32BE(part.length, 5);
    return Buffer.concat([head, part]);
  };

  it('where its text part says something else, line by line and cell by cell', () => {
    assert.deepEqual(unpackPage(withText(lines)), texts);
    for (const [at, line] of lines.entries()) {
      assert.throws(() => unpackPage(withText(lines.toSpliced(at, 1))), PageDamaged, `line ${at} left out`);
      // The page counts no values: its last column is empty, and what stands there is read by nobody.
      if (line === '') continue;
      for (const cell of ['8', '', '9'.repeat(400), 'NaN', '-1', '1e3']) {
        const changed = lines.with(at, line.split('"').with(0, cell).join('"'));
        assert.throws(() => unpackPage(withText(changed)), PageDamaged, `line ${at} begins with ${cell.slice(0, 9)}`);
      }
    }
  });

  it('where somebody made it to hurt whoever reads it: too many entries, entries too long, lengths past its end', () => {
    const first = (cell: number, value: string): Buffer =>
      withText(lines.with(0, lines[0]!.split('"').with(cell, value).join('"')));
    const hostile: Readonly<Record<string, Buffer>> = {
      'a billion entries': first(3, '1000000000'),
      'more entries than there are': first(3, '200'),
      'fewer entries than there are': first(3, '3'),
      'a billion templates': first(5, '1000000000'),
      'ids of no length': first(4, '0'),
      'a tenant of 100,000 letters': first(1, 'a'.repeat(100_000)),
      'a raw part past the end': Buffer.from(page).fill(0xff, 1, 5),
      'a raw part of nothing': Buffer.from(page).fill(0, 1, 5),
      'a text part of 100 MB': withText(['"'.repeat(100 * 1024 ** 2)]),
      'an unknown form': Buffer.from(page).fill(3, 0, 1),
      nothing: Buffer.alloc(0),
    };
    for (const [what, bytes] of Object.entries(hostile)) assert.throws(() => unpackPage(bytes), PageDamaged, what);
  });

  it('though it vouches for every entry of it: 257 entries, or one of 3,000 bytes', () => {
    const many = llmCharges(PAGE_ENTRIES - 1);
    const tooMany = packCompact(many, many.map(leafHashTextOf), many.length);
    assert.equal(many.length, PAGE_ENTRIES + 1);
    assert.throws(() => unpackPage(tooMany!), PageDamaged);

    const tenant = 'a'.repeat(3000);
    const alone = packPage(texts.slice(0, 1));
    const [head, ...rest] = zstdDecompressSync(alone.subarray(73 + alone.readUInt32BE(1)))
      .toString('latin1')
      .split('\n');
    const part = frame([head!.split('"').with(1, tenant).join('"'), ...rest].join('\n'));
    const long = Buffer.concat([alone.subarray(0, 73 + alone.readUInt32BE(1)), part]);
    long.writeUInt32BE(part.length, 5);
    long.write(leafHashTextOf(texts[0]!.replace('"tenant-bench"', `"${tenant}"`)), 41, 'base64url');
    assert.throws(() => unpackPage(long), PageDamaged);
  });

  it('where a template is of a kind that nobody knows, or has a value too many', () => {
    for (const line of ['refund_all', 'constructor', `${'genesis'}"more`]) {
      assert.throws(() => unpackPage(withText(lines.with(1, line))), PageDamaged, line);
    }
  });

  it('bytes that are anything at all are refused, never taken and never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, compact) => {
        const bytes = compact ? Buffer.concat([Buffer.from([COMPACT, 0, 0, 0, 16]), noise]) : Buffer.from(noise);
        assert.throws(() => unpackPage(bytes), PageDamaged);
      }),
      { numRuns: 300 },
    );
  });
});
