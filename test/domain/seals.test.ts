import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeTar } from '../../shared/domain/evidence/tar.ts';
import { genesisPrev } from '../../shared/domain/ledger/genesis.ts';
import { type Page, PageDamaged } from '../../shared/domain/ledger/page.ts';
import {
  blindedTenant,
  checkpointText,
  headLine,
  headLines,
  headsRoot,
  isAnchor,
  sealRecord,
} from '../../shared/domain/ledger/seal.ts';
import {
  packSegment,
  segmentName,
  segmentPrefix,
  stretchOf,
  unpackSegment,
} from '../../shared/domain/ledger/segment.ts';
import { leafHashOfText, leafHashTextOf } from '../../shared/domain/ledger/tree.ts';
import type { Instant } from '../../shared/domain/time.ts';

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest();
const hashText = (text: string): string => sha256(text).toString('base64url');
const LEDGER = 'ledger.example';
const at = (text: string): Instant => `2026-03-01T${text}Z` as Instant;
const heads = ['acme', 'umbrella', 'initech'].map((tenant, i) => ({
  tenant,
  blind: `blind-${i}`,
  size: 10 ** i,
  root: hashText(`root ${i}`),
  last: hashText(`last ${i}`),
}));

describe('a seal', () => {
  it('names a tenant by a hash of ledger, blind and name, one to a line', () => {
    assert.equal(blindedTenant(LEDGER, 'blind-0', 'acme'), hashText('tenant/v1\nledger.example\nblind-0\nacme\n'));
  });

  it('says of a head how long the log is, its root and its last entry', () => {
    const { blind, tenant, size: _, ...rest } = heads[1]!;
    assert.deepEqual(headLine(LEDGER, heads[1]!), {
      ...rest,
      size: '10',
      tenant: blindedTenant(LEDGER, blind, tenant),
      typ: 'head',
      v: '1',
    });
  });

  it('has its heads in the order of their hidden names, however they come', () => {
    const lines = headLines(LEDGER, heads);
    const names = heads.map(({ blind, tenant }) => blindedTenant(LEDGER, blind, tenant)).sort();
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { tenant: string }).tenant),
      names,
    );
    for (const given of [heads.toReversed(), [heads[1]!, heads[2]!, heads[0]!]])
      assert.deepEqual(headLines(LEDGER, given), lines);
  });

  it('is over the tree of those lines: of three, the first two under one hash, the third beside it', () => {
    const lines = headLines(LEDGER, heads);
    const [a, b, c] = lines.map((line) => sha256(`\0${line}`)) as [Buffer, Buffer, Buffer];
    const node = (left: Buffer, right: Buffer) =>
      createHash('sha256')
        .update(Buffer.concat([Buffer.from([1]), left, right]))
        .digest();
    assert.equal(headsRoot(lines), node(node(a, b), c).toString('base64url'));
    const frame = { ledger: LEDGER, n: 7, at: at('10:00:00.000000'), keyset: hashText('keys') };
    const seal = {
      at: frame.at,
      heads_count: '3',
      heads_root: headsRoot(lines),
      keyset: frame.keyset,
      ledger: LEDGER,
      n: '7',
      receipts_total: '111',
      typ: 'seal',
      v: '1',
    };
    assert.deepEqual(sealRecord({ ...frame, previousAnchor: 5 }, heads, lines), { ...seal, previous_anchor: '5' });
    assert.deepEqual(sealRecord({ ...frame, previousAnchor: undefined }, heads, lines), {
      ...seal,
      previous_anchor: '',
    });
  });

  it('is an anchor if it is the first, or the first of its hour', () => {
    assert.ok(isAnchor(at('10:59:59.999999'), undefined));
    assert.ok(!isAnchor(at('10:59:59.999999'), at('10:00:00.000000')));
    assert.ok(isAnchor(at('11:00:00.000000'), at('10:59:59.999999')));
    assert.ok(isAnchor('2026-03-02T10:00:00.000000Z' as Instant, at('10:00:00.000000')));
  });

  it('is signed as origin, size and root in standard base64, one to a line', () => {
    const wide = Buffer.alloc(40, 0xfb);
    assert.equal(
      checkpointText(LEDGER, 42, wide.subarray(4, 36)),
      `ledger.example\n42\n${Buffer.alloc(32, 0xfb).toString('base64')}\n`,
    );
  });
});

describe('the first entry of a log', () => {
  it('names the ledger and the tenant, hashed, as the one before it', () => {
    assert.equal(genesisPrev(LEDGER, 'acme'), hashText('genesis/v1\nledger.example\nacme\n'));
  });
});

describe('the hash of an entry', () => {
  it('is over a zero byte and its text, however long that is', () => {
    for (const text of [
      '',
      'a',
      'x'.repeat(2047),
      'x'.repeat(2048),
      'x'.repeat(2049),
      'x'.repeat(9000),
      'é'.repeat(2050),
    ]) {
      const expected = sha256(`\0${text}`);
      assert.equal(leafHashTextOf(text), expected.toString('base64url'));
      assert.deepEqual(Buffer.from(leafHashOfText(text)), expected);
    }
  });
});

describe('a segment of a log', () => {
  const pages: Page[] = [
    [512, 256],
    [768, 100],
  ].map(([firstSeq, count]) => ({ firstSeq: firstSeq!, count: count!, bytes: Buffer.from(`page ${firstSeq}`) }));
  const stretch = { from: 512, to: 868 };
  const NAME = 'segments/acme/0000000000000512-0000000000000868.tar';

  it('is named by tenant, first entry and the one after its last, so that names sort as entries do', () => {
    assert.equal(segmentPrefix('acme'), 'segments/acme/');
    assert.equal(segmentName('acme', stretch), NAME);
    assert.deepEqual(stretchOf(NAME), stretch);
  });

  it('is nothing of another name', () => {
    for (const name of [
      `${NAME}.sig`,
      NAME.replace('512', '868'),
      NAME.replace('868', '511'),
      NAME.replace('0000000000000512', '512'),
      NAME.replace('0868', '868'),
      NAME.replace('512', 'abc'),
      NAME.replace('868', 'abc'),
      'segments/acme/',
      '',
    ])
      assert.equal(stretchOf(name), undefined, name);
  });

  it('gives back its pages as they were', () => assert.deepEqual(unpackSegment(packSegment(pages), stretch), pages));

  it('is refused where it begins or ends elsewhere, or is no segment', () => {
    for (const [from, to] of [
      [511, 868],
      [513, 868],
      [768, 868],
      [512, 768],
    ] as const)
      assert.throws(() => unpackSegment(packSegment(pages), { from, to }), PageDamaged);
    for (const bytes of [Buffer.alloc(0), Buffer.from('no tar'), packSegment(pages).subarray(0, 700)])
      assert.throws(() => unpackSegment(bytes, stretch), PageDamaged);
    const first = { path: 'pages/0000000000000512.zst', bytes: Buffer.from('x') };
    for (const path of [
      'pages/0000000000000600.zst.bak',
      'pages/600.zst',
      'more/pages/0000000000000600.zst',
      'pages/000000000000060x.zst',
    ])
      assert.throws(
        () => unpackSegment(writeTar([first, { path, bytes: Buffer.from('x') }]), stretch),
        PageDamaged,
        path,
      );
  });

  it('of one page holds all of it', () => {
    const one = [{ firstSeq: 0, count: 9, bytes: Buffer.from('page') }];
    assert.deepEqual(unpackSegment(packSegment(one), { from: 0, to: 9 }), one);
  });
});
