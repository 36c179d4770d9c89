import { sign } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { manifestBytes } from '../../shared/domain/evidence/bundle.ts';
import type { Verdict } from '../../shared/domain/evidence/claims.ts';
import { compactJws, signingInput } from '../../shared/domain/evidence/jws.ts';
import { type Pinned, readPinned } from '../../shared/domain/evidence/pinned.ts';
import { readTar, writeTar } from '../../shared/domain/evidence/tar.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { accountOf, perUnit, tiered, usage } from '../../test/support/account.ts';
import { TestSuite } from '../../test/support/suite.ts';
import { Workpiece } from '../vectors/workpiece.ts';
import type { Chance } from './chance.ts';
import type { ClassResult } from './stored-state.ts';

/** A bundle of a random small ledger, and what a verifier of it knows. */
export interface Specimen {
  readonly bytes: Buffer;
  readonly pinned: Pinned;
  /** number of its first entry */
  readonly from: number;
  readonly evidenceKey: { readonly pem: string; readonly kid: string };
}

interface Use {
  readonly meter: string;
  readonly quantity: number;
  readonly minute: number;
}

const use: fc.Arbitrary<Use> = fc.record({
  meter: fc.constantFrom('calls', 'bytes', 'seats'),
  quantity: fc.integer({ min: 1, max: 500 }),
  minute: fc.integer({ min: 0, max: 1000 }),
});
/** Two days of use of two organizations: some events each, possibly none on the second day. */
const ledgers = fc.tuple(fc.array(use, { minLength: 4, maxLength: 20 }), fc.array(use, { maxLength: 8 }));

const plan = (tenant: string) =>
  accountOf(tenant, {
    unit: 'day',
    meters: {
      calls: { model: tiered('graduated', ['100', '0.5', '1'], [null, '0.25']) },
      bytes: { model: perUnit('0.003'), aggregation: 'sum' },
      seats: { model: perUnit('2'), aggregation: 'max' },
    },
  });

/** Bundles of random ledgers, two organizations' two days each. The same seed makes the same ledgers. */
export async function specimens(count: number, seed: number): Promise<Specimen[]> {
  const found: Specimen[] = [];
  // What nobody has touched must be verified, or what is refuted afterwards would show nothing.
  for (const [first, second] of fc.sample(ledgers, { numRuns: count, seed }))
    found.push(...(await bundlesOf([first, second])));
  return found;
}

async function bundlesOf(days: readonly (readonly Use[])[]): Promise<Specimen[]> {
  const suite = await TestSuite.start({ at: '2026-03-01T17:00:00Z' });
  try {
    const clients = [await suite.organization(plan('acme')), await suite.organization(plan('umbrella'))];
    for (const [day, uses] of days.entries()) {
      suite.goTo(`2026-03-0${day + 1}T17:00:00Z`);
      for (const client of clients) {
        const events = uses.map(({ meter, quantity, minute }, i) => {
          const at = new Date(Date.UTC(2026, 2, day + 1, 0, minute)).toISOString();
          return usage(`${day}-${i}`, meter, String(quantity), at);
        });
        if (events.length > 0) await client.send(events);
      }
      await suite.settle();
      suite.goTo(`2026-03-0${day + 2}T02:00:00Z`);
      await suite.runInvoices();
      await suite.settle();
    }
    const { vault, keys, ledgerOrigin } = suite.platform;
    const folder = join(suite.folder.path, 'keys/evidence');
    const [file] = await readdir(folder);
    const evidenceKey = {
      pem: await readFile(join(folder, file!), 'utf8'),
      kid: (await keys.keyset()).keys.find(({ purpose }) => purpose === 'evidence')!.kid,
    };
    const bundles: Specimen[] = [];
    for (const name of (await vault.list('evidence/')).filter((one) => one.endsWith('.tar'))) {
      const bytes = Buffer.from((await vault.read(name))!);
      const piece = new Workpiece(readTar(bytes));
      const { tenant } = piece.json('manifest.json') as { tenant: TenantId };
      const { size } = piece.json('start.json') as { size: string };
      const pinned = await readPinned({ ledger: ledgerOrigin, tenant, jwks: await keys.keyset() });
      const { verdict } = await verifyBundle(bytes, pinned);
      if (verdict !== 'verified') throw new Error(`an untouched bundle is ${verdict}`);
      bundles.push({ bytes, pinned, from: Number(size), evidenceKey });
    }
    return bundles;
  } finally {
    await suite.close();
  }
}

const pack = (piece: Workpiece): Buffer => writeTar([...piece.files].map(([path, bytes]) => ({ path, bytes })));

/** The bundle with a manifest that fits it, signed with the operator's own evidence key. */
function signedAgain(piece: Workpiece, { pem, kid }: Specimen['evidenceKey']): Buffer {
  const about = piece.json('manifest.json') as Parameters<typeof manifestBytes>[0];
  const files = [...piece.files]
    .filter(([path]) => !path.startsWith('manifest.'))
    .map(([path, bytes]) => ({ path, bytes }));
  const manifest = manifestBytes(about, files);
  const input = signingInput('manifest+jws', kid, manifest);
  piece.files.set('manifest.json', manifest);
  piece.files.set(
    'manifest.jws',
    Buffer.from(compactJws(input, sign('RSA-SHA256', Buffer.from(input, 'latin1'), pem)), 'latin1'),
  );
  return pack(piece);
}

/** Changes an opened bundle. @returns places, counted from the bundle's first entry, one of which must be named, if it is in an entry */
type Alter = (piece: Workpiece, chance: Chance, other: Workpiece) => readonly number[] | undefined;

const RECEIPTS = 'receipts.ndjson';
const lines = (piece: Workpiece, change: (lines: string[]) => void): void => {
  const all = piece.lines(RECEIPTS);
  change(all);
  piece.setLines(RECEIPTS, all);
};
const replaceIn =
  (file: string, find: RegExp, instead: (found: string) => string) =>
  (piece: Workpiece): undefined => {
    const text = piece.file(file).toString('latin1');
    const changed = text.replace(find, instead);
    if (changed === text) throw new Error(`nothing to replace in ${file}`);
    piece.files.set(file, Buffer.from(changed, 'latin1'));
  };
const inSomeEntry =
  (find: RegExp, instead: (found: string) => string): Alter =>
  (piece, chance) => {
    let at = 0;
    lines(piece, (all) => {
      at = chance.pick([...all.keys()].filter((i) => find.test(all[i]!) && all[i]!.replace(find, instead) !== all[i]));
      all[at] = all[at]!.replace(find, instead);
    });
    return [at];
  };
const header =
  (change: (header: Record<string, unknown>) => object): Alter =>
  (piece) => {
    const [first, ...rest] = piece.file('checkpoint.jws').toString('latin1').split('.');
    const read = JSON.parse(Buffer.from(first!, 'base64url').toString()) as Record<string, unknown>;
    const changed = Buffer.from(JSON.stringify(change(read))).toString('base64url');
    piece.files.set('checkpoint.jws', Buffer.from([changed, ...rest].join('.')));
    return undefined;
  };

/** Classes of attacks on bundles. Each is played on the bundle as it is, and with a manifest signed again by the real key. */
export const BUNDLE_ATTACKS: Readonly<
  Record<string, { readonly numbers: readonly number[]; readonly says: string; readonly alter: Alter }>
> = {
  'bundle-receipt-deleted': {
    ...{ numbers: [2], says: 'a receipt in the middle left out' },
    alter: (piece, chance) => {
      let at = 0;
      lines(piece, (all) => {
        at = chance.between(1, all.length - 2);
        all.splice(at, 1);
      });
      return [at];
    },
  },
  'bundle-first-deleted': {
    ...{ numbers: [3], says: 'the first receipts left out' },
    alter: (piece, chance) => {
      lines(piece, (all) => void all.splice(0, chance.between(1, all.length - 1)));
      return [0];
    },
  },
  'bundle-tail-cut': {
    ...{ numbers: [4], says: 'the last receipts left out' },
    alter: (piece, chance) => {
      lines(piece, (all) => void all.splice(chance.between(1, all.length - 1)));
      return undefined;
    },
  },
  'bundle-swapped': {
    ...{ numbers: [7], says: 'two neighbours changed over' },
    alter: (piece, chance) => {
      let at = 0;
      lines(piece, (all) => {
        at = chance.below(all.length - 1);
        [all[at], all[at + 1]] = [all[at + 1]!, all[at]!];
      });
      return [at];
    },
  },
  'bundle-doubled': {
    ...{ numbers: [8], says: 'a receipt that stands there twice' },
    alter: (piece, chance) => {
      let at = 0;
      lines(piece, (all) => {
        at = chance.below(all.length);
        all.splice(at, 0, all[at]!);
      });
      return [at + 1];
    },
  },
  'bundle-receipt-of-another': {
    ...{ numbers: [10], says: 'a receipt of another organization in its place' },
    alter: (piece, chance, other) => {
      let at = 0;
      const theirs = other.lines(RECEIPTS);
      lines(piece, (all) => {
        at = chance.below(Math.min(all.length, theirs.length));
        all[at] = theirs[at]!;
      });
      return [at];
    },
  },
  'bundle-files-of-another': {
    ...{ numbers: [10, 34], says: 'a file out of another organization’s bundle' },
    alter: (piece, chance, other) => {
      const paths = [RECEIPTS, 'start.json', 'invoice.json', 'anchors.json'].filter(
        (path) => !piece.file(path).equals(other.file(path)),
      );
      const path = chance.pick(paths);
      piece.files.set(path, other.file(path));
      return undefined;
    },
  },
  'bundle-value': {
    numbers: [1, 50],
    says: 'a digit of a receipt',
    alter: inSomeEntry(/"(amount|quantity|aggregate_after|total)":"[^"]*/, (found) => `${found}1`),
  },
  'bundle-double-key': {
    numbers: [23],
    says: 'a member that stands there twice',
    alter: inSomeEntry(/^\{"/, () => '{"amount":"0","'),
  },
  'bundle-number': {
    numbers: [24],
    says: 'a number instead of a string',
    alter: inSomeEntry(/"seq":"(\d+)"/, (found) => found.replace(/:"(\d+)"/, ':$1')),
  },
  'bundle-decimal': {
    numbers: [25],
    says: 'another form of the same decimal',
    alter: inSomeEntry(
      /"(amount|quantity|total)":"[\d.]+"/,
      (found) => `${found.slice(0, -1)}${found.includes('.') ? '0' : '.0'}"`,
    ),
  },
  'bundle-negative-zero': {
    numbers: [25],
    says: '-0',
    alter: inSomeEntry(/"aggregate_before":"0"/, () => '"aggregate_before":"-0"'),
  },
  'bundle-white-space': { numbers: [26], says: 'a blank between members', alter: inSomeEntry(/,"/, () => ', "') },
  'bundle-escape': {
    numbers: [26],
    says: 'a letter as an escape',
    alter: inSomeEntry(
      /"tenant":"./,
      (found) => `${found.slice(0, -1)}\\u00${found.charCodeAt(found.length - 1).toString(16)}`,
    ),
  },
  'bundle-extra-member': { numbers: [26], says: 'a member more', alter: inSomeEntry(/\}$/, () => ',"z":"1"}') },
  'bundle-homoglyph': {
    numbers: [27],
    says: 'a letter that looks like another',
    alter: inSomeEntry(/"tenant":"./, (found) => `${found.slice(0, -1)}\u00e3`),
  },
  'bundle-proto': {
    numbers: [28],
    says: '__proto__ as a member',
    alter: inSomeEntry(/^\{/, () => '{"__proto__":"1",'),
  },
  'bundle-base64': {
    numbers: [29],
    says: 'spare bits of a base64url hash',
    alter: inSomeEntry(/"prev":"[\w-]{43}"/, (found) => `${found.slice(0, -2)}${spare(found.at(-2)!)}"`),
  },
  'bundle-lenient-size': {
    numbers: [30],
    says: 'a size with a zero before it',
    alter: replaceIn('start.json', /"size":"/, (found) => `${found}0`),
  },
  'bundle-longer-path': {
    numbers: [33],
    says: 'an audit path one hash longer',
    alter: replaceIn('seal.json', /"path":\[/, (found) => `${found}"${'A'.repeat(43)}",`),
  },
  'bundle-older-head': {
    numbers: [5, 12],
    says: 'a head of the log twice, the older one too',
    alter: replaceIn('heads.ndjson', /^.*\n/, (found) => `${found.replace(/"size":"\d+"/, '"size":"1"')}${found}`),
  },
  'bundle-head-left-out': {
    numbers: [16],
    says: 'another organization’s head left out',
    alter: replaceIn('heads.ndjson', /^.*\n/, () => ''),
  },
  'bundle-alg-none': { numbers: [18], says: 'alg none', alter: header((old) => ({ ...old, alg: 'none' })) },
  'bundle-alg-hs256': {
    numbers: [17],
    says: 'HS256 with the public key as secret',
    alter: header((old) => ({ ...old, alg: 'HS256' })),
  },
  'bundle-crit': {
    numbers: [18],
    says: 'a header with more in it',
    alter: header((old) => ({ ...old, crit: ['x'], jku: 'https://example.com' })),
  },
  'bundle-stranger-kid': {
    numbers: [19, 20],
    says: 'a key that nobody knows',
    alter: header((old) => ({ ...old, kid: 'A'.repeat(43) })),
  },
  'bundle-clock-back': {
    numbers: [38, 39],
    says: 'a receipt recorded in another year',
    alter: inSomeEntry(/"recorded_at":"2026/, () => '"recorded_at":"2025'),
  },
  'bundle-price-swapped': {
    ...{ numbers: [52], says: 'another price under the name of the agreed one' },
    alter: (piece, chance) => {
      const path = chance.pick([...piece.files.keys()].filter((one) => one.startsWith('prices/')));
      return replaceIn(path, /"(unit_amount|amount)":"/, (found) => `${found}1`)(piece);
    },
  },
  'bundle-ledger': {
    numbers: [11],
    says: 'a receipt of a test ledger',
    alter: inSomeEntry(/"ledger":"[^"]*/, (found) => `${found}x`),
  },
};

/** The same six bits, with one of the two that say nothing set. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const spare = (letter: string): string => ALPHABET[ALPHABET.indexOf(letter) ^ 1]!;

/** Plays one class on bundles, `cases` times. */
export async function playOnBundles(
  name: string,
  cases: number,
  chance: Chance,
  among: readonly Specimen[],
): Promise<ClassResult> {
  const complaints: string[] = [];
  const kinds: Record<string, number> = {};
  const { alter } = BUNDLE_ATTACKS[name]!;
  for (let turn = 0; turn < cases; turn++) {
    const specimen = chance.pick(among);
    const others = among.filter(({ pinned }) => pinned.tenant !== specimen.pinned.tenant);
    const piece = new Workpiece(readTar(specimen.bytes));
    let places: readonly number[] | undefined;
    try {
      places = alter(piece, chance, new Workpiece(readTar(chance.pick(others).bytes)));
    } catch (error) {
      if (/^nothing to/.test(String((error as Error).message))) {
        kinds['no target'] = (kinds['no target'] ?? 0) + 1;
        continue;
      }
      throw error;
    }
    const forms = [pack(piece), signedAgain(piece, specimen.evidenceKey)];
    for (const [i, bundle] of forms.entries()) {
      const verdict = await verifyBundle(bundle, specimen.pinned);
      kinds[firstClaim(verdict)] = (kinds[firstClaim(verdict)] ?? 0) + 1;
      const wrong = complaintOf(
        verdict,
        places?.map((at) => specimen.from + at),
      );
      if (wrong !== undefined) complaints.push(`${name}, case ${turn}${i === 1 ? ', signed again' : ''}: ${wrong}`);
    }
  }
  return { name, cases, complaints, kinds };
}

const firstClaim = ({ verdict, claims }: Verdict): string =>
  claims.find(({ result }) => result === 'fail')?.claim ?? verdict;

function complaintOf(verdict: Verdict, seqs: readonly number[] | undefined): string | undefined {
  if (verdict.verdict === 'verified') return 'it was verified';
  const failures = verdict.claims.filter(({ result }) => result === 'fail');
  const said = failures
    .map(({ claim, seq, file, detail }) => `${claim} ${seq ?? ''} ${file ?? ''} ${detail}`)
    .join('; ');
  if (verdict.verdict === 'unreadable') return failures[0]?.detail === '' ? 'it does not say why' : undefined;
  if (!failures.some(({ file, seq }) => file !== undefined || seq !== undefined)) return `no place is named: ${said}`;
  const named = failures.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
  // A receipt is named, and it is the one that was touched or the one whose link that breaks.
  if (seqs !== undefined && !named.some((seq) => seqs.some((at) => seq === at || seq === at - 1))) {
    return `entry ${seqs.join(' or ')} is not named: ${said}`;
  }
  return undefined;
}

/** Turns over bits of one bundle: every one from `start` in steps of `step`. @returns how many, and which went through */
export async function playBits(
  { bytes, pinned }: Specimen,
  start: number,
  step: number,
): Promise<{ readonly tried: number; readonly verified: readonly number[] }> {
  const bundle = Buffer.from(bytes);
  const verified: number[] = [];
  let tried = 0;
  for (let bit = start; bit < bundle.length * 8; bit += step, tried++) {
    bundle[bit >> 3]! ^= 1 << (bit & 7);
    if ((await verifyBundle(bundle, pinned)).verdict === 'verified') verified.push(bit);
    bundle[bit >> 3]! ^= 1 << (bit & 7);
  }
  return { tried, verified };
}
