import type { Copy } from './copy.ts';
import { ALL, type Expected, fault, type StateAttack } from './expected.ts';
import type { World } from './world.ts';

const FAR = Number.MAX_SAFE_INTEGER;
const somePage = (world: World) => world.chance.pick(world.pages());
const someSeal = (world: World) => Number(world.chance.pick(world.sql('SELECT n FROM seals'))['n']);
const sealFile = (n: number): string => `seals/${String(n).padStart(12, '0')}.json`;
const headsFile = (n: number): string => `heads/${String(n).padStart(12, '0')}.zst`;

/** The vault's segments of the victim, with the entries each begins with. */
async function someSegment(
  world: World,
): Promise<{ readonly name: string; readonly from: number; readonly to: number }> {
  const name = world.chance.pick(await world.vault(`segments/${world.victim}/`));
  const [from, to] = /(\d{16})-(\d{16})/.exec(name)!.slice(1).map(Number);
  return { name, from: from!, to: to! };
}

async function bundleOf(
  world: World,
): Promise<{ readonly name: string; readonly close: number; readonly number: string }> {
  const [row] = world.sql('SELECT bundle_name, close_seq, number FROM invoices WHERE tenant=?', world.victim);
  return { name: String(row!['bundle_name']), close: Number(row!['close_seq']), number: String(row!['number']) };
}

/** Removes a copy and says what must be made good. */
async function lose(copy: Copy, what: string): Promise<Expected> {
  const before = await copy.read();
  await copy.remove();
  return { says: 'healed', what, copy, before };
}

/** Attacks on the copies: what the mirror shows to tenants, what the vault keeps. */
export const ON_COPIES: Readonly<Record<string, StateAttack>> = {
  'mirror-bit': {
    ...{ numbers: [43], says: 'one bit of a mirror page' },
    play: async (world) => {
      const { firstSeq, count } = somePage(world);
      await world.flip(world.mirrorPage(firstSeq));
      return fault(world.victim, firstSeq, firstSeq + count - 1);
    },
  },
  'mirror-lost': {
    ...{ numbers: [43], says: 'a mirror page removed' },
    play: (world) => {
      const { firstSeq } = somePage(world);
      return lose(world.mirrorPage(firstSeq), `${world.victim} mirror ${firstSeq}`);
    },
  },
  'mirror-torn': {
    ...{ numbers: [42], says: 'a mirror page cut short' },
    play: async (world) => {
      const { firstSeq } = somePage(world);
      await world.cut(world.mirrorPage(firstSeq));
      return fault(world.victim, firstSeq);
    },
  },
  'mirror-of-another': {
    ...{ numbers: [10, 43], says: 'the other organization’s mirror page in its place' },
    play: async (world) => {
      const { firstSeq } = somePage(world);
      await world.mirrorPage(firstSeq).write(await world.mirrorPage(firstSeq, world.other).read());
      return fault(world.victim, firstSeq);
    },
  },
  'mirror-old-version': {
    ...{ numbers: [44], says: 'an earlier page of the log under the key of a later one' },
    play: async (world) => {
      const [first, ...later] = world.pages();
      const { firstSeq, count } = world.chance.pick(later);
      await world.mirrorPage(firstSeq).write(await world.mirrorPage(first!.firstSeq).read());
      return fault(world.victim, firstSeq, firstSeq + count);
    },
  },
  'mirror-extra': {
    ...{ numbers: [43], says: 'a page between two pages that only the mirror has' },
    play: async (world) => {
      const { firstSeq, count } = world.chance.pick(world.pages().filter((page) => page.count > 1));
      const at = firstSeq + world.chance.between(1, count - 1);
      await world.mirrorPage(at).write(await world.mirrorPage(firstSeq).read());
      return fault(world.victim, at);
    },
  },
  'mirror-ahead': {
    ...{ numbers: [43], says: 'a page that the ledger does not have yet' },
    play: async (world) => {
      const at = world.size() + world.chance.below(500);
      await world.mirrorPage(at).write(await world.mirrorPage(0).read());
      return fault(world.victim, at);
    },
  },
  'segment-bit': {
    ...{ numbers: [14], says: 'one bit of a segment in the vault' },
    play: async (world) => {
      const { name, from, to } = await someSegment(world);
      await world.flip(world.vaultFile(name));
      return fault(world.victim, from, to);
    },
  },
  'segment-torn': {
    ...{ numbers: [42], says: 'a segment cut short' },
    play: async (world) => {
      const { name, from, to } = await someSegment(world);
      await world.cut(world.vaultFile(name));
      return fault(world.victim, from, to);
    },
  },
  'segment-lost': {
    ...{ numbers: [14], says: 'a segment removed' },
    play: async (world) => {
      const { name, from } = await someSegment(world);
      await world.vaultFile(name).remove();
      // The stretch it is written in again may be a longer one, by what came since.
      return { says: 'healed', what: `${world.victim} vault ${from}` };
    },
  },
  'segment-of-another': {
    ...{ numbers: [10], says: 'the other organization’s segment in its place' },
    play: async (world) => {
      const { name, from, to } = await someSegment(world);
      await world.vaultFile(name).write(await world.vaultFile(name.replace(world.victim, world.other)).read());
      return fault(world.victim, from, to);
    },
  },
  'bundle-bit': {
    ...{ numbers: [1], says: 'one bit of an archived bundle' },
    play: async (world) => {
      const { name, close } = await bundleOf(world);
      await world.flip(world.vaultFile(name));
      return fault(world.victim, close);
    },
  },
  'bundle-torn': {
    ...{ numbers: [42], says: 'an archived bundle cut short' },
    play: async (world) => {
      const { name, close } = await bundleOf(world);
      await world.cut(world.vaultFile(name));
      return fault(world.victim, close);
    },
  },
  'bundle-of-another': {
    ...{ numbers: [10], says: 'the other organization’s bundle in its place' },
    play: async (world) => {
      const { name, close } = await bundleOf(world);
      const [theirs] = world.sql('SELECT bundle_name FROM invoices WHERE tenant=?', world.other);
      await world.vaultFile(name).write(await world.vaultFile(String(theirs!['bundle_name'])).read());
      return fault(world.victim, close);
    },
  },
  'bundle-lost': {
    ...{ numbers: [14], says: 'an archived bundle removed' },
    play: async (world) => {
      const { name, number } = await bundleOf(world);
      return lose(world.vaultFile(name), `${world.victim} evidence ${number}`);
    },
  },
  'vault-seal-bit': {
    ...{ numbers: [14, 34], says: 'one bit of a seal, with its signed checkpoint, in the vault' },
    play: async (world) => {
      const n = someSeal(world);
      await world.flip(world.vaultFile(sealFile(n)));
      return fault(ALL, n);
    },
  },
  'vault-seal-replaced': {
    ...{ numbers: [5, 34], says: 'another seal under the number of this one' },
    play: async (world) => {
      const n = someSeal(world);
      const others = world.sql('SELECT n FROM seals WHERE n<>?', n).map((row) => Number(row['n']));
      await world.vaultFile(sealFile(n)).write(await world.vaultFile(sealFile(world.chance.pick(others))).read());
      return fault(ALL, n);
    },
  },
  'vault-seal-lost': {
    ...{ numbers: [46], says: 'a seal removed from the vault' },
    play: (world) => {
      const n = someSeal(world);
      return lose(world.vaultFile(sealFile(n)), sealFile(n));
    },
  },
  'vault-heads-bit': {
    ...{ numbers: [16], says: 'one bit of a seal’s heads in the vault' },
    play: async (world) => {
      const n = someSeal(world);
      await world.flip(world.vaultFile(headsFile(n)));
      return fault(ALL, n);
    },
  },
  'vault-heads-lost': {
    ...{ numbers: [16], says: 'a seal’s heads removed from the vault' },
    play: (world) => {
      const n = someSeal(world);
      return lose(world.vaultFile(headsFile(n)), headsFile(n));
    },
  },
  'vault-keys-bit': {
    ...{ numbers: [20], says: 'one bit of the key set in the vault' },
    play: async (world) => {
      await world.flip(world.vaultFile(world.chance.pick(await world.vault('keysets/'))));
      return fault(ALL, 0, FAR);
    },
  },
  'vault-keys-lost': {
    ...{ numbers: [20], says: 'the key set removed from the vault' },
    play: async (world) => {
      const name = world.chance.pick(await world.vault('keysets/'));
      return lose(world.vaultFile(name), name);
    },
  },
  'vault-log-name-bit': {
    ...{ numbers: [16], says: 'under which name a log stands in the seals, in the vault' },
    play: async (world) => {
      await world.flip(world.vaultFile(`logs/${world.victim}.json`));
      return fault(ALL, 0, FAR);
    },
  },
  'vault-document-bit': {
    ...{ numbers: [52], says: 'a price or account document in the vault' },
    play: async (world) => {
      const names = [...(await world.vault('registry/prices/')), ...(await world.vault('registry/accounts/'))];
      await world.flip(world.vaultFile(world.chance.pick(names)));
      return { says: 'alarm', event: 'registry_damaged' };
    },
  },
  'vault-registry-bit': {
    ...{ numbers: [20], says: 'the signed registry in the vault' },
    play: async (world) => {
      await world.flip(world.vaultFile((await world.vault('registry/taken/')).at(-1)!));
      return { says: 'alarm', event: 'registry_damaged' };
    },
  },
};
