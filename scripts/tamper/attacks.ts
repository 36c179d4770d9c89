/**
 * Attacks and faults that a ledger must stand, by number, and who plays each here. `by` names classes of the laboratory or a
 * recipe of `test/vectors` (`recipe`: those that carry this number); `shown` names a test that plays a fault which needs other
 * means than a bench of stored state; `outside` says why nobody can: what it attacks is not part of this release.
 */
export interface Attack {
  readonly number: number;
  readonly title: string;
  readonly by?: readonly string[];
  readonly shown?: readonly [file: string, sentence: string];
  readonly outside?: string;
}

const WITNESSES = 'checkpoints are not cosigned by witnesses in this release';

export const ATTACKS: readonly Attack[] = [
  {
    number: 1,
    title: 'one byte of a stored receipt, invoice or bundle',
    by: ['page-bit', 'entry-field', 'entry-blind', 'head-changed', 'bundle-bit', 'bundle-value', 'bits', 'recipe'],
  },
  {
    number: 2,
    title: 'a receipt in the middle deleted',
    by: ['entry-deleted', 'page-deleted', 'bundle-receipt-deleted', 'recipe'],
  },
  { number: 3, title: 'the first receipts deleted', by: ['first-deleted', 'bundle-first-deleted', 'recipe'] },
  {
    number: 4,
    title: 'the tail truncated',
    by: ['tail-cut', 'tail-cut-head-too', 'head-set-back', 'head-ahead', 'bundle-tail-cut', 'recipe'],
  },
  {
    number: 5,
    title: 'an older head under the newest checkpoint',
    by: ['vault-seal-replaced', 'seal-deleted', 'bundle-older-head', 'recipe'],
  },
  { number: 6, title: 'the whole log rolled back', by: ['tail-cut-head-too', 'head-set-back', 'recipe'] },
  {
    number: 7,
    title: 'receipts reordered',
    by: ['entries-swapped', 'pages-swapped', 'waiting-moved', 'bundle-swapped', 'recipe'],
  },
  {
    number: 8,
    title: 'a receipt or an event twice',
    by: ['entry-doubled', 'entry-put-in', 'dedupe-forgotten', 'waiting-again', 'bundle-doubled', 'recipe'],
  },
  {
    number: 9,
    title: 'an event again after its deduplication ended',
    by: ['dedupe-forgotten'],
    shown: ['test/functions/ingest.test.ts', 'a moment later its time is refused; it was billed once'],
  },
  {
    number: 10,
    title: 'another organization’s receipt, page, segment or bundle',
    by: [
      'page-of-another',
      'entry-of-another',
      'waiting-moved',
      'mirror-of-another',
      'segment-of-another',
      'bundle-of-another',
      'bundle-receipt-of-another',
      'bundle-files-of-another',
      'recipe',
    ],
  },
  { number: 11, title: 'a receipt of another ledger', by: ['bundle-ledger', 'recipe'] },
  {
    number: 12,
    title: 'two heads of one log in one seal',
    by: ['head-twice-in-a-seal', 'head-under-another-name', 'bundle-older-head', 'recipe'],
  },
  { number: 13, title: 'a split view: two histories for two readers', by: ['head-under-another-name', 'stolen-key'] },
  {
    number: 14,
    title: 'everything written again with the real keys',
    by: [
      'stolen-key',
      'segment-bit',
      'segment-lost',
      'bundle-lost',
      'vault-seal-bit',
      'seal-deleted',
      'rewrite-without-copies',
      'recipe',
    ],
  },
  {
    number: 15,
    title: 'one log written again between two seals',
    by: ['rewrite-database', 'rewrite-database-and-mirror', 'rewrite-without-copies', 'recipe'],
  },
  {
    number: 16,
    title: 'another log hidden or dropped',
    by: [
      'head-left-out-of-a-seal',
      'head-row-deleted',
      'vault-heads-bit',
      'vault-heads-lost',
      'vault-log-name-bit',
      'bundle-head-left-out',
      'recipe',
    ],
  },
  { number: 17, title: 'HS256 with the public key as secret', by: ['bundle-alg-hs256', 'recipe'] },
  { number: 18, title: 'alg none, crit, jku in a header', by: ['bundle-alg-none', 'bundle-crit', 'recipe'] },
  {
    number: 19,
    title: 'another key under the same name',
    by: ['seal-signature-of-another', 'bundle-stranger-kid', 'recipe'],
  },
  {
    number: 20,
    title: 'a key set of the attacker',
    by: ['vault-keys-bit', 'vault-keys-lost', 'vault-registry-bit', 'bundle-stranger-kid', 'recipe'],
  },
  { number: 21, title: 'a retired key signs, or a new one signs what is old', by: ['key-window', 'recipe'] },
  { number: 22, title: 'a stolen key, a backdated checkpoint', by: ['stolen-key', 'recipe'] },
  { number: 23, title: 'a JSON member twice', by: ['bundle-double-key', 'recipe'] },
  { number: 24, title: 'numbers beyond 2^53', by: ['bundle-number', 'recipe'] },
  { number: 25, title: '-0, 1.0, 1e3', by: ['bundle-decimal', 'bundle-negative-zero', 'recipe'] },
  {
    number: 26,
    title: 'white space, escapes, order, members more or less',
    by: ['bundle-white-space', 'bundle-escape', 'bundle-extra-member', 'recipe'],
  },
  { number: 27, title: 'Unicode forms, look-alikes, surrogates, BOM', by: ['bundle-homoglyph', 'recipe'] },
  { number: 28, title: '__proto__ and its like', by: ['bundle-proto', 'recipe'] },
  { number: 29, title: 'base64 that is not canonical', by: ['bundle-base64', 'recipe'] },
  { number: 30, title: 'sizes read leniently', by: ['bundle-lenient-size', 'recipe'] },
  { number: 31, title: 'an interior node as a leaf; stored subtrees', by: ['tree-node', 'tree-node-lost', 'recipe'] },
  { number: 32, title: 'an odd leaf counted twice', by: ['recipe'] },
  { number: 33, title: 'proofs too long or too short', by: ['bundle-longer-path', 'recipe'] },
  {
    number: 34,
    title: 'a valid proof of something else',
    by: [
      'vault-seal-bit',
      'vault-seal-replaced',
      'seal-row',
      'seal-signature-of-another',
      'bundle-files-of-another',
      'recipe',
    ],
  },
  { number: 35, title: 'chain and tree disagree', by: ['tree-node', 'opening-changed', 'recipe'] },
  {
    number: 36,
    title: 'a signature used as an identity',
    by: ['entry-blind'],
    shown: ['test/functions/seal-ledger.test.ts', 'it is signed again, and the signature is the same'],
  },
  { number: 37, title: 'cosignatures stripped', outside: WITNESSES },
  { number: 38, title: 'the clock set back', by: ['bundle-clock-back', 'recipe'] },
  { number: 39, title: 'a backdated receipt in a closed period', by: ['entry-put-in', 'bundle-clock-back', 'recipe'] },
  {
    number: 40,
    title: 'a crash between number and receipt',
    by: ['head-ahead'],
    shown: ['test/journey/crash.test.ts', 'bills everything it acknowledged exactly once, with no gap'],
  },
  {
    number: 41,
    title: 'a commit that is answered ambiguously',
    shown: ['test/adapters/spanner.emulator.test.ts', 'may have happened: the work is not done twice'],
  },
  { number: 42, title: 'a torn write', by: ['page-cut', 'mirror-torn', 'segment-torn', 'bundle-torn'] },
  {
    number: 43,
    title: 'database and mirror apart',
    by: ['mirror-bit', 'mirror-lost', 'mirror-of-another', 'mirror-extra', 'mirror-ahead', 'in-time', 'lag'],
  },
  { number: 44, title: 'an old version of a mirror page', by: ['mirror-old-version'] },
  {
    number: 45,
    title: 'two sealers at once',
    shown: ['test/functions/seal-ledger.test.ts', 'five sealers at once, five times over'],
  },
  {
    number: 46,
    title: 'a seal lost between signature and publication',
    by: ['seal-row', 'vault-seal-lost'],
    shown: ['test/functions/seal-ledger.test.ts', 'a crash between two steps repeats the same bytes and never forks'],
  },
  {
    number: 47,
    title: 'the key service answers damaged bytes',
    shown: ['test/adapters/kms.test.ts', 'a digest damaged on its way there is sent again'],
  },
  {
    number: 48,
    title: 'the key service is away',
    by: ['in-time'],
    shown: ['test/functions/seal-ledger.test.ts', 'while the key service is away receipts go on and seals queue'],
  },
  {
    number: 49,
    title: 'an event lost before the ledger',
    by: ['waiting-emptied', 'waiting-deleted', 'waiting-forgotten'],
    shown: ['test/journey/cloud-faults.emulator.test.ts', 'nothing was acknowledged and then forgotten'],
  },
  {
    number: 50,
    title: 'usage inflated by the operator',
    by: ['entry-field', 'waiting-changed', 'waiting-made-up', 'bundle-value', 'rollup-changed', 'stolen-key'],
  },
  {
    number: 51,
    title: 'a correction of more than was billed',
    shown: [
      'test/functions/corrected-once.test.ts',
      'never by more than was billed of it, though others were billed enough',
    ],
  },
  {
    number: 52,
    title: 'prices, sums and balances changed after the fact',
    by: [
      'sum-changed',
      'invoice-changed',
      'opening-changed',
      'price-changed',
      'vault-document-bit',
      'bundle-price-swapped',
      'recipe',
    ],
  },
  {
    number: 53,
    title: 'an erasure that leaves something behind',
    shown: ['test/functions/erasures.test.ts', 'take a person out of what was sent'],
  },
  {
    number: 54,
    title: 'a dictionary against commitments',
    shown: ['test/functions/registry.test.ts', 'no secret and nobody’s name: not the API key, not a salt'],
  },
  { number: 55, title: 'bombs and hostile archives', by: ['recipe'] },
  {
    number: 56,
    title: 'a retention lock that is missing',
    shown: ['terraform/modules/vault/vault.tftest.hcl', 'The lock was asked for.'],
  },
  {
    number: 57,
    title: 'a weak hash, a format that must change',
    outside: 'there is one version of the format and one hash; the next one needs a new origin',
  },
];

/** What is not caught, said here so that nobody believes otherwise. */
export const NOT_CAUGHT: readonly string[] = [
  'what is written again after the last thing that somebody outside has kept (a bundle, a checkpoint, a head, an object in the locked vault): consistent and signed with the real keys, it is the history',
  'usage that was changed or made up, before it became a receipt, by somebody who can also unwrap the organization’s data key: the sender compares commitments and ids with what was sent',
  'a batch that was accepted and, before it was billed, removed with every row that says it waits: nothing is billed wrongly, but it is missing; the sender, who has its receipt ids, is answered 404',
  'sums of usage that only summaries show: nothing is billed from them',
  'what was written before the tail, until the next full pass (weekly) reads it, or somebody asks for a proof of it',
];
