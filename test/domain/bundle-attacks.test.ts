import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { goodBundle, makeBad, readRecipes } from '../../scripts/vectors/bad-bundle.ts';
import { makeGolden } from '../../scripts/vectors/golden.ts';
import type { BaseName } from '../../scripts/vectors/recipe.ts';
import { readTar } from '../../shared/domain/evidence/tar.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { LedgerOrigin, TenantId } from '../../shared/domain/ids.ts';
import { LedgerFault } from '../../shared/domain/ledger/faults.ts';
import { PageDamaged, packPage, unpackPage } from '../../shared/domain/ledger/page.ts';
import { isConsistent, rootFromInclusion } from '../../shared/domain/ledger/proof.ts';
import { Replay } from '../../shared/domain/ledger/replay.ts';
import { leafHash, leafHashOfText, nodeHash, rootOf, type TreeHash } from '../../shared/domain/ledger/tree.ts';
import { parsePriceVersion } from '../../shared/domain/pricing/version.ts';
import {
  assertLocated,
  failed,
  failureOf,
  judge,
  LONG,
  opened,
  packed,
  pinned,
  said,
  signedAgain,
} from '../support/bundle-workshop.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Every offset when there is time, otherwise every `step`th from a random one on; both values of a flip in turn. */
function* flips(length: number, step: number): Generator<{ readonly offset: number; readonly xor: number }> {
  const stride = LONG ? 1 : step;
  for (let offset = LONG ? 0 : randomInt(stride), turn = 0; offset < length; offset += stride, turn++) {
    yield { offset, xor: turn % 2 === 0 ? 1 : 0x80 };
  }
}

/** Where each line of a text begins: the newline belongs to the line that it ends. */
function lineOf(bytes: Buffer, offset: number): number {
  let line = 0;
  for (let at = bytes.indexOf(10); at >= 0 && at < offset; at = bytes.indexOf(10, at + 1)) line++;
  return line;
}

const recipe = (name: string) => makeBad(readRecipes().find((each) => each.name === name)!);
const hash = (text: string): TreeHash => Buffer.from(text, 'base64url');

describe('attack 1: one byte of a bundle is another', function () {
  this.timeout(LONG ? 600_000 : 120_000);

  it('is never verified, and the verdict names the file, the entry or the block', async () => {
    const keys = await pinned('pinned-1');
    const bundle = Buffer.from(goodBundle('good-1'));
    for (const { offset, xor } of flips(bundle.length, 7)) {
      bundle[offset]! ^= xor;
      assertLocated(await verifyBundle(bundle, keys), `byte ${offset} xor ${xor}`);
      bundle[offset]! ^= xor;
    }
    assert.ok(bundle.equals(goodBundle('good-1')));
  });

  for (const [base, first] of [
    ['good-1', 0],
    ['good-2', 18],
  ] as const) {
    it(`names the receipt in which it lies (${base})`, async () => {
      const keys = await pinned(base === 'good-1' ? 'pinned-1' : 'pinned-2');
      const receipts = opened(base).file('receipts.ndjson');
      const bundle = Buffer.from(goodBundle(base));
      const start = bundle.indexOf(receipts);
      for (const { offset, xor } of flips(receipts.length, 11)) {
        bundle[start + offset]! ^= xor;
        const verdict = await verifyBundle(bundle, keys);
        const seqs = failed(verdict).flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
        const seq = first + lineOf(receipts, offset);
        assert.deepEqual(seqs, [seq], `byte ${offset} xor ${xor} of the receipts: ${said(verdict)}`);
        bundle[start + offset]! ^= xor;
      }
    });
  }

  it('is refuted even when the manifest is signed again, except in the report, which proves nothing', async () => {
    const keys = await pinned('pinned-2');
    const good = opened('good-2');
    for (const [path, bytes] of good.files) {
      if (path.startsWith('manifest.')) continue;
      for (const { offset, xor } of flips(bytes.length, path === 'report.txt' ? 997 : 23)) {
        const piece = opened('good-2');
        const changed = Buffer.from(bytes);
        changed[offset]! ^= xor;
        piece.files.set(path, changed);
        const verdict = await verifyBundle(signedAgain(piece), keys);
        const what = `byte ${offset} xor ${xor} of ${path}`;
        if (path === 'report.txt') assert.equal(verdict.verdict, 'verified', what);
        else assertLocated(verdict, what);
      }
    }
  });
});

describe('attack 1: one byte of a stored page is another', () => {
  it('is found, wherever it is; but for spare bits of the compression, where every entry stays as it was', () => {
    const piece = opened('good-1');
    const texts = piece.lines('receipts.ndjson');
    const prices = new Map(
      [...piece.files.keys()]
        .filter((path) => path.startsWith('prices/'))
        .map((path) => parsePriceVersion(piece.json(path)))
        .map((version) => [version.digest, version]),
    );
    const head = leafHashOfText(texts.at(-1)!).toString('base64url');
    /** Replays a page as the reconciliation does and says what is wrong. */
    const faultOf = (page: Buffer): string => {
      try {
        const replay = Replay.fromGenesis('ledger.example/vectors/2026', 'aurora', prices);
        for (const text of unpackPage(page)) replay.apply(text);
        return replay.last === head && replay.size === texts.length ? '' : 'another head';
      } catch (error) {
        if (error instanceof PageDamaged || error instanceof LedgerFault) return error.name;
        throw error;
      }
    };
    const page = packPage(texts);
    assert.equal(faultOf(page), '');
    let spare = 0;
    for (let offset = 0; offset < page.length; offset++) {
      for (const xor of [1, 0x80]) {
        const changed = Buffer.from(page);
        changed[offset]! ^= xor;
        if (faultOf(changed) !== '') continue;
        // The comparison with the mirror, byte for byte, finds these.
        assert.deepEqual(unpackPage(changed), texts, `byte ${offset} xor ${xor}`);
        spare++;
      }
    }
    assert.ok(spare < page.length / 500, `${spare} of ${2 * page.length} flips change no entry`);
  });
});

describe('attack 11: the same keys in another ledger', () => {
  it('a whole bundle of a test ledger, made with the keys of the real one, is refuted against the real pinned file', async () => {
    const folder = await tempFolder();
    try {
      const files = await makeGolden(folder.path, 'ledger.example/sandbox/2026' as LedgerOrigin);
      const verdict = await judge(files.get('good-1.tar')!, 'pinned-1');
      assert.equal(verdict.verdict, 'refuted');
      failureOf(verdict, 'manifest');
      failureOf(verdict, 'checkpoint');
      assert.equal(failureOf(verdict, 'chain').seq, 0);
    } finally {
      await folder.remove();
    }
  });
});

describe('attacks 14 and 15: the operator has all keys', () => {
  /** The root that a bundle's checkpoint signs, and its seal log's size. */
  const checkpointOf = (bundle: ReturnType<typeof opened>): { readonly size: number; readonly root: TreeHash } => {
    const payload = bundle.file('checkpoint.jws').toString('latin1').split('.')[1]!;
    const [, size, root] = Buffer.from(payload, 'base64url').toString('utf8').split('\n');
    return { size: Number(size), root: Buffer.from(root!, 'base64') };
  };
  const rewritten = async (name: string, base: BaseName) => {
    const bundle = recipe(name);
    assert.equal((await judge(bundle, base === 'good-1' ? 'pinned-1' : 'pinned-2')).verdict, 'verified');
    const piece = opened(base);
    for (const [path, bytes] of readTar(bundle)) piece.files.set(path, bytes);
    return piece;
  };

  it('14: a history rewritten with every seal is refuted by anybody’s later checkpoint of the true one', async () => {
    const truth = checkpointOf(opened('good-1'));
    const lie = checkpointOf(await rewritten('limit-log-and-every-seal-rewritten', 'good-1'));
    // The other customer’s bundle was made one seal later: leaf 9 and its path tell how the log went on from size 9.
    const other = opened('good-other');
    const later = checkpointOf(other);
    const { record, path } = other.json('seal.json') as { record: string; path: string[] };
    assert.deepEqual([truth.size, lie.size, later.size, path.length], [9, 9, 10, 2]);
    // RFC 6962 section 2.1.2 for 9 and 10 leaves: leaf 8, leaf 9, the subtree of leaves 0 to 7.
    const proof = [hash(path[0]!), leafHashOfText(record), hash(path[1]!)];
    assert.equal(isConsistent(truth.size, truth.root, later.size, later.root, proof), true);
    assert.equal(isConsistent(lie.size, lie.root, later.size, later.root, proof), false);
  });

  it('14: what is rewritten after the last anchor, or behind anchors that a new seal skips, signs a second root of one size', async () => {
    const truth = checkpointOf(opened('good-1'));
    for (const name of ['limit-rewritten-after-the-last-anchor', 'limit-anchors-skipped-by-the-seal']) {
      const lie = checkpointOf(await rewritten(name, 'good-1'));
      assert.equal(lie.size, truth.size);
      // Two signed checkpoints of one size with two roots: whoever holds both has caught the operator.
      assert.equal(lie.root.equals(truth.root), false);
    }
  });

  it('8 and 14: a lie about what was before a bundle is refuted by the bundle before', async () => {
    const before = opened('good-1').lines('receipts.ndjson').slice(18);
    const seqs = before.map((line) => (JSON.parse(line) as { seq: string }).seq);
    assert.deepEqual(seqs, ['18', '19', '20', '21', '22', '23', '24', '25']);
    // Entries 18 to 25 stand in both bundles: the same bytes in the true ones,
    assert.deepEqual(opened('good-2').lines('receipts.ndjson').slice(0, 8), before);
    // others where the balance was falsified,
    const falsified = await rewritten('limit-balance-brought-forward-falsified', 'good-2');
    assert.notDeepEqual(falsified.lines('receipts.ndjson').slice(0, 8), before);
    // and where an event is billed again, its id stands in both outside that stretch.
    const again = await rewritten('limit-event-of-an-earlier-bundle-billed-again', 'good-2');
    const idsOf = (lines: readonly string[]): string[] =>
      lines.flatMap((line) => (JSON.parse(line) as { event_id?: string }).event_id ?? []);
    const billed = new Set(idsOf(opened('good-1').lines('receipts.ndjson')));
    assert.equal(idsOf(opened('good-2').lines('receipts.ndjson').slice(8)).filter((id) => billed.has(id)).length, 0);
    assert.equal(idsOf(again.lines('receipts.ndjson').slice(8)).filter((id) => billed.has(id)).length, 1);
  });
});

describe('attacks 31 to 33: trees and proofs', () => {
  const leaves = ['a', 'b', 'c', 'd'].map((text) => leafHash(Buffer.from(text)));
  const [a, b, c, d] = leaves as [TreeHash, TreeHash, TreeHash, TreeHash];

  it('31: the two nodes below the root are no leaves of a tree of two', () => {
    const left = Buffer.concat([a, b]);
    const right = Buffer.concat([c, d]);
    assert.ok(rootOf(leaves).equals(nodeHash(nodeHash(a, b), nodeHash(c, d))));
    assert.equal(rootOf([leafHash(left), leafHash(right)]).equals(rootOf(leaves)), false);
    assert.equal(rootOf([nodeHash(a, b), nodeHash(c, d)]).equals(rootOf(leaves)), true, 'hence the prefix');
  });

  it('32: three leaves have another root than the three and the last once more', () => {
    assert.equal(rootOf([a, b, c]).equals(rootOf([a, b, c, c])), false);
  });

  it('33: a path of another length, or for a leaf beyond the tree, leads nowhere', () => {
    assert.ok(rootFromInclusion(c, 2, 3, [nodeHash(a, b)])?.equals(rootOf([a, b, c])));
    for (const path of [[], [nodeHash(a, b), d], [b, nodeHash(a, b)]]) {
      assert.equal(rootFromInclusion(c, 2, 3, path), undefined);
    }
    for (const [index, size] of [
      [3, 3],
      [-1, 3],
      [0, 0],
      [2.5, 3],
      [2 ** 53, 2 ** 54],
    ] as const) {
      assert.equal(rootFromInclusion(c, index, size, [nodeHash(a, b)]), undefined);
    }
    assert.equal(rootFromInclusion(c, 2, 3, [Buffer.alloc(31)]), undefined);
  });
});

describe('what a verifier is told beforehand', () => {
  it('a pinned blind rules out a second log of the same customer under another blind', async () => {
    const keys = await pinned('pinned-2');
    assert.equal((await verifyBundle(goodBundle('good-1'), keys)).verdict, 'verified');
    const verdict = await verifyBundle(goodBundle('good-1'), { ...keys, blind: 'AAAAAAAAAAAAAAAAAAAAAA' });
    assert.equal(failureOf(verdict, 'heads').file, 'start.json');
  });

  it('without a pinned customer the manifest’s is taken, and said', async () => {
    const keys = await pinned('pinned-1');
    const verdict = await verifyBundle(goodBundle('good-other'), { ...keys, tenant: undefined });
    assert.deepEqual([verdict.verdict, verdict.tenant], ['verified', 'borealis']);
    const other = await verifyBundle(goodBundle('good-other'), { ...keys, tenant: 'cirrus' as TenantId });
    assert.equal(other.verdict, 'refuted');
  });
});

describe('attack 55: what is no bundle', () => {
  it('each file that a bundle must have is missed by name', async () => {
    const good = opened('good-2');
    for (const path of good.files.keys()) {
      const piece = opened('good-2');
      piece.files.delete(path);
      const verdict = await judge(packed(piece), 'pinned-2');
      assertLocated(verdict, `without ${path}`);
      assert.match(said(verdict), new RegExp(path.startsWith('prices/') ? 'manifest' : path.replace('.', '\\.')));
    }
  });

  it('nothing makes the verifier throw: cut, doubled, shuffled and overwritten stretches of every length', async () => {
    const seed = randomInt(2 ** 31);
    let state = seed;
    // A linear congruential generator, so that a failure can be run again from its seed (Numerical Recipes).
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const keys = await pinned('pinned-2');
    const good = opened('good-2');
    const paths = [...good.files.keys()].filter((path) => path !== 'report.txt' && !path.startsWith('manifest.'));
    for (let turn = 0; turn < (LONG ? 20_000 : 600); turn++) {
      const piece = opened('good-2');
      const path = paths[below(paths.length)]!;
      const bytes = piece.file(path);
      const from = below(bytes.length);
      const to = from + 1 + below(Math.min(400, bytes.length - from));
      const stretch = bytes.subarray(from, to);
      const instead = [
        Buffer.alloc(0),
        Buffer.concat([stretch, stretch]),
        Buffer.from(stretch).reverse(),
        Buffer.alloc(stretch.length, below(256)),
        Buffer.from('{"__proto__":[[],{}],"x":1e999,"y":"\\ud800"}'),
      ][turn % 5]!;
      const changed = Buffer.concat([bytes.subarray(0, from), instead, bytes.subarray(to)]);
      if (changed.equals(bytes)) continue;
      piece.files.set(path, changed);
      const verdict = await verifyBundle(signedAgain(piece), keys);
      assertLocated(verdict, `seed ${seed}, turn ${turn}, ${path} from ${from} to ${to}`);
    }
  });
});
