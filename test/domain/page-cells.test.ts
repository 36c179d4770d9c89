import assert from 'node:assert/strict';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  mayHoldEvent,
  PAGE_ENTRIES,
  PageDamaged,
  packPage,
  pagesOf,
  unpackPage,
} from '../../shared/domain/ledger/page.ts';
import { RECORD_MAX_BYTES } from '../../shared/domain/ledger/record.ts';
import { leafHashTextOf } from '../../shared/domain/ledger/tree.ts';
import { naiveEntries } from '../support/naive-page.ts';
import { type Happening, METER_COUNT, SmallLedger } from '../support/small-ledger.ts';
import { WholeLedger } from '../support/whole-ledger.ts';

/** Four days of every meter in turn: amounts of every length, values that come again, late usage, days closed. */
const story: Happening[] = Array.from({ length: 90 }, (_, i) => ({
  minutes: i % 4 === 0 ? 61 : 0,
  commit: i % 7 === 0,
  event:
    i % 11 === 10
      ? undefined
      : {
          meter: (i * 5) % METER_COUNT,
          quantity: ['1', '1', '2.5', '7', '0.000000000001', '99999999999999999999'][i % 6]!,
          value: i % 3,
          lag: i % 13 === 0 ? 900 : 0,
        },
}));
const LOG = new SmallLedger(story).texts;
const STRETCHES: Readonly<Record<string, readonly string[]>> = {
  'from its genesis on': LOG.slice(0, 60),
  'from somewhere on': LOG.slice(60, 110),
  'of one entry': LOG.slice(5, 6),
};
const MOVING_COLUMNS = [
  'template',
  'recorded_at',
  'occurred_at',
  'quantity',
  'aggregate_before',
  'aggregate_after',
  'amount',
  'events_before',
  'value',
];

function opened(page: Buffer) {
  const rawEnd = 73 + page.readUInt32BE(1);
  const lines = zstdDecompressSync(page.subarray(rawEnd)).toString('latin1').split('\n');
  const templates = Number(lines[0]!.split('"')[5]);
  return { page, rawEnd, lines, templates, columns: lines.slice(1 + templates) };
}

/** The page with another text part. */
function withLines({ page, rawEnd }: ReturnType<typeof opened>, lines: readonly string[]): Buffer {
  const text = zstdCompressSync(Buffer.from(lines.join('\n'), 'latin1'), {
    params: { [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const head = Buffer.from(page.subarray(0, rawEnd));
  head.writeUInt32BE(text.length, 5);
  return Buffer.concat([head, text]);
}

/** What another reader makes of a page; undefined where it cannot. */
function naively(page: Buffer): string[] | undefined {
  try {
    return naiveEntries(page);
  } catch {
    return undefined;
  }
}

describe('a compact page', () => {
  for (const [what, texts] of Object.entries(STRETCHES)) {
    it(`${what} says nothing that follows from what it has said`, () => {
      const whole = opened(packPage(texts));
      assert.equal(whole.page[0], 0x02);
      assert.deepEqual(naiveEntries(whole.page), texts);
      assert.equal(whole.columns.length, MOVING_COLUMNS.length);
      for (const [at, column] of whole.columns.entries()) {
        const cells = column.split('"');
        assert.ok(cells.length === 1 || cells.at(-1) !== '', `${MOVING_COLUMNS[at]} ends with nothing`);
        for (const [row, cell] of cells.entries()) {
          if (cell === '') continue;
          const less = whole.lines.with(1 + whole.templates + at, cells.with(row, '').join('"'));
          assert.notDeepEqual(naively(withLines(whole, less)), texts, `${MOVING_COLUMNS[at]} ${row} could be left out`);
        }
      }
    });

    it(`${what} has each template once, and no letter of an instant twice`, () => {
      const { lines, templates, columns } = opened(packPage(texts));
      assert.equal(new Set(lines.slice(1, 1 + templates)).size, templates);
      const recorded = texts.map((text) => /"recorded_at":"([^"]*)"/.exec(text)![1]!);
      const tails = recorded.map((instant, i) => {
        const before = recorded[i - 1] ?? '';
        let same = 0;
        while (same < instant.length && instant[same] === before[same]) same++;
        return instant.slice(same);
      });
      assert.deepEqual(columns[1]!.split('"'), tails.slice(0, tails.findLastIndex((tail) => tail !== '') + 1));
    });

    it(`${what} is the same for whoever has the hashes at hand`, () => {
      assert.deepEqual(packPage(texts, texts.map(leafHashTextOf)), packPage(texts));
    });
  }

  it('holds entries of every kind there is, as a log has them', () => {
    const { texts } = new WholeLedger();
    for (const stretch of [texts, texts.slice(9), texts.slice(40, 50)]) {
      const page = packPage(stretch);
      assert.equal(page[0], 0x02);
      assert.deepEqual(unpackPage(page), stretch);
    }
  });
});

describe('a page that is looked through for an event', () => {
  const idOf = (text: string): Buffer | undefined => {
    const id = /"event_id":"([^"]*)"/.exec(text)?.[1];
    return id === undefined ? undefined : Buffer.from(id, 'base64url').subarray(0, 16);
  };
  const keys = LOG.slice(0, 60).flatMap((text) => idOf(text) ?? []);

  it('may hold each of its own, and no other, where it is compact', () => {
    const page = packPage(LOG.slice(0, 60));
    assert.ok(keys.length > 20);
    for (const key of keys) assert.ok(mayHoldEvent(page, key));
    for (const text of LOG.slice(60, 90)) assert.ok(!mayHoldEvent(page, idOf(text) ?? Buffer.alloc(16)));
  });

  it('may hold any, where it is plain', () => {
    const plain = packPage([LOG[3]!, LOG[9]!]);
    assert.equal(plain[0], 0x28);
    assert.ok(mayHoldEvent(plain, Buffer.alloc(16)));
  });
});

describe('pages of a log', () => {
  it('are two for 512 entries, and none for none; each as its own entries alone make it', () => {
    const texts = Array.from({ length: 2 * PAGE_ENTRIES }, (_, i) => LOG[i % 60]!);
    const pages = pagesOf(7, texts);
    assert.deepEqual(
      pages.map(({ firstSeq, count }) => [firstSeq, count]),
      [
        [7, 256],
        [263, 256],
      ],
    );
    assert.deepEqual(pagesOf(0, []), []);
    const [whole] = pagesOf(0, LOG.slice(0, 60), LOG.map(leafHashTextOf).slice(0, 60));
    assert.deepEqual(whole!.bytes, packPage(LOG.slice(0, 60)));
    const many = new SmallLedger([...story, ...story, ...story, ...story]).texts;
    assert.ok(many.length > PAGE_ENTRIES);
    for (const [i, page] of pagesOf(0, many, many.map(leafHashTextOf)).entries()) {
      assert.equal(page.bytes[0], 0x02, 'compact');
      assert.deepEqual(page.bytes, packPage(many.slice(i * PAGE_ENTRIES, (i + 1) * PAGE_ENTRIES)));
    }
  });

  it('have a checksum over what they compress (RFC 8878 section 3.1.1.1.1.6), whichever form they have', () => {
    const compact = opened(packPage(LOG.slice(0, 60)));
    const plain = packPage([LOG[3]!, LOG[9]!]);
    for (const frame of [compact.page.subarray(compact.rawEnd), plain]) {
      assert.equal(frame.readUInt32LE(0), 0xfd2fb528);
      assert.equal(frame[4]! & 0b100, 0b100);
    }
  });

  it('in their plain form hold 256 entries of 2,048 bytes, and not a byte more', () => {
    const plain = (text: string): Buffer =>
      zstdCompressSync(Buffer.from(text, 'latin1'), { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
    const entries = Array.from({ length: PAGE_ENTRIES }, () => 'x'.repeat(RECORD_MAX_BYTES));
    assert.deepEqual(unpackPage(plain(`${entries.join('\n')}\n`)), entries);
    assert.throws(() => unpackPage(plain(`${entries.join('\n')}x\n`)), PageDamaged);
    assert.throws(() => unpackPage(plain('an entry without its end')), { name: 'PageDamaged' });
  });
});
