import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { base64url } from '../../shared/domain/canonical.ts';
import { packPage, unpackPage } from '../../shared/domain/ledger/page.ts';
import { CompactRange, leafHashOfText } from '../../shared/domain/ledger/tree.ts';
import { ALL, fault, type StateAttack } from './expected.ts';
import type { World } from './world.ts';

const FAR = Number.MAX_SAFE_INTEGER;
const seals = (world: World): number => Number(world.sql('SELECT size FROM seal_log')[0]!['size']);
const someSeal = (world: World): number => world.chance.below(seals(world));
/** The head lines of a seal, written again after a change. */
const withHeads = (world: World, n: number, change: (lines: string[]) => void): void => {
  const [row] = world.sql('SELECT heads FROM seals WHERE n=?', n);
  const lines = zstdDecompressSync(row!['heads'] as Uint8Array)
    .toString('latin1')
    .split('\n');
  change(lines);
  world.sql('UPDATE seals SET heads=? WHERE n=?', zstdCompressSync(Buffer.from(lines.join('\n'), 'latin1')), n);
};

const ROWS: readonly string[] = [
  `record=replace(record,'"receipts_total":"','"receipts_total":"1')`,
  "record='nothing'",
  'heads=zeroblob(40)',
  "root='AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'",
  'jws=NULL',
  'published_at=NULL',
];

/**
 * Writes a log again from an entry on as if that entry had always been another: links, pages, mirror, head row and stored
 * subtrees fit each other. What no rule gives is changed, so that every amount is still right.
 * @returns the entry, and the first size from which a seal knows better
 */
export async function rewriteFrom(world: World, options: { readonly mirror: boolean }): Promise<{ at: number }> {
  const pages = world.pages();
  const at = world.chance.below(world.size());
  const range = new CompactRange(0, [], (level, position, hash) => {
    if (level >= 8)
      world.sql(
        'UPDATE tree_nodes SET hash=? WHERE log=? AND level=? AND position=?',
        hash,
        world.victim,
        level,
        position,
      );
  });
  let last: string | undefined;
  for (const { firstSeq, count } of pages) {
    const texts = unpackPage(world.page(firstSeq)).map((text, i) => {
      const seq = firstSeq + i;
      let changed =
        seq === at ? text.replace(/"blind":"./, (start) => (start.endsWith('A') ? '"blind":"B' : '"blind":"A')) : text;
      if (seq > at) changed = changed.replace(/"prev":"[^"]*"/, `"prev":"${last}"`);
      const leaf = leafHashOfText(changed);
      range.append(leaf);
      last = base64url(leaf);
      return changed;
    });
    if (firstSeq + count <= at) continue;
    const bytes = packPage(texts);
    world.setPage(firstSeq, bytes);
    if (options.mirror) await world.mirrorPage(firstSeq).write(bytes);
  }
  const head = [base64url(range.root()), last!, Buffer.concat(range.peaks), world.victim] as const;
  world.sql('UPDATE heads SET root=?, last=?, peaks=? WHERE tenant=?', ...head);
  return { at };
}

/** Attacks on seals, and rewrites that only seals can know. */
export const ON_SEALS: Readonly<Record<string, StateAttack>> = {
  'seal-row': {
    ...{ numbers: [34, 46], says: 'a field of a seal’s row' },
    play: (world) => {
      const n = someSeal(world);
      world.sql(`UPDATE seals SET ${world.chance.pick(ROWS)} WHERE n=?`, n);
      return fault(ALL, n, FAR);
    },
  },
  'seal-signature-of-another': {
    ...{ numbers: [19, 34], says: 'the signature of another seal' },
    play: (world) => {
      const n = world.chance.between(1, seals(world) - 1);
      world.sql('UPDATE seals SET jws=(SELECT jws FROM seals WHERE n=?) WHERE n=?', n - 1, n);
      return fault(ALL, n);
    },
  },
  'seal-deleted': {
    ...{ numbers: [5, 14], says: 'a seal removed' },
    play: (world) => {
      const n = someSeal(world);
      world.sql('DELETE FROM seals WHERE n=?', n);
      return fault(ALL, n, FAR);
    },
  },
  'head-twice-in-a-seal': {
    ...{ numbers: [12], says: 'two heads of one log in one seal' },
    play: (world) => {
      const n = someSeal(world);
      withHeads(world, n, (lines) => lines.push(lines[0]!.replace(/"size":"\d+"/, '"size":"1"')));
      return fault(ALL, n);
    },
  },
  'head-left-out-of-a-seal': {
    ...{ numbers: [16], says: 'a log left out of a seal' },
    play: (world) => {
      const n = seals(world) - 1;
      withHeads(world, n, (lines) => lines.splice(world.chance.below(lines.length), 1));
      return fault(ALL, n);
    },
  },
  'head-row-deleted': {
    ...{ numbers: [16], says: 'the head row of a log removed' },
    play: (world) => {
      const size = world.size();
      world.change('heads', 'DELETE');
      return fault(ALL, size - 1);
    },
  },
  'head-under-another-name': {
    ...{ numbers: [12, 13], says: 'the blind of a log exchanged, so that no seal seems to know it' },
    play: (world) => {
      const size = world.size();
      world.change('heads', "blind='AAAAAAAAAAAAAAAAAAAAAA'");
      return fault(ALL, size - 1);
    },
  },
  'key-window': {
    ...{ numbers: [21], says: 'a signing key given another window than it had' },
    play: (world) => {
      world.sql("UPDATE signing_keys SET first_seal=1 WHERE purpose='checkpoint'");
      return fault(ALL, 0, FAR);
    },
  },
  'rewrite-database': {
    ...{ numbers: [15], says: 'a log written again from an entry on, consistent in itself' },
    play: async (world) => {
      await rewriteFrom(world, { mirror: false });
      return fault(world.victim, 0, world.size());
    },
  },
  'rewrite-database-and-mirror': {
    ...{ numbers: [15], says: 'the same, and the mirror alike' },
    play: async (world) => {
      const { at } = await rewriteFrom(world, { mirror: true });
      return fault(world.victim, at, world.size());
    },
  },
  'rewrite-without-copies': {
    ...{ numbers: [14, 15], says: 'the same, and the vault’s segments removed' },
    play: async (world) => {
      const { at } = await rewriteFrom(world, { mirror: true });
      for (const name of await world.vault(`segments/${world.victim}/`)) await world.vaultFile(name).remove();
      return fault(world.victim, at, world.size());
    },
  },
};
