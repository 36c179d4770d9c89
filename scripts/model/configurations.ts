/** One run of the checker: what is turned on, by the model's own flags. */
export interface Configuration {
  readonly name: string;
  /** flags of the model, as `-D` takes them */
  readonly flags: readonly string[];
  /** only in the long form */
  readonly full?: true;
  /** seen only as far as a bit per state goes: never a proof */
  readonly bitstate?: true;
}

/** A deliberate mistake, and the claims that may reject it. */
export interface Mutant {
  readonly name: string;
  readonly flags: readonly string[];
  readonly rejectedBy: readonly string[];
  /** only in the long form */
  readonly full?: true;
}

const PARTS = ['PERIODS', 'FREEZE', 'INTERVAL', 'KEYS=3'];
/** The parts of the model that a configuration holds: statements are compared only where they exist. */
export const partsOf = (flags: readonly string[]): string[] => flags.filter((flag) => PARTS.includes(flag));

/** Must hold. The first ones belong to the gate. */
export const CONFIGURATIONS: readonly Configuration[] = [
  { name: 'one-of-each', flags: ['FAULTS=1'] },
  { name: 'no-fault-no-sweep', flags: ['FAULTS=0', 'M_NO_SWEEP', 'INGESTS=2', 'SIGNERS=2', 'KEYS=1', 'SEALERS=2'] },
  { name: 'two-ingests-at-the-limit', flags: ['FAULTS=1', 'INGESTS=2', 'LIMIT=1'] },
  { name: 'two-signers', flags: ['FAULTS=0', 'SIGNERS=2'] },
  { name: 'two-sealers', flags: ['FAULTS=0', 'SEALERS=2'] },
  { name: 'sweep-beside', flags: ['FAULTS=0', 'SWEEPERS=1'] },
  { name: 'freeze', flags: ['FAULTS=0', 'FREEZE'] },
  { name: 'seals-at-a-distance', flags: ['FAULTS=1', 'INTERVAL'] },
  { name: 'periods-one-key', flags: ['FAULTS=0', 'PERIODS', 'KEYS=1'] },
  { name: 'one-of-each-2-faults', flags: ['FAULTS=2'], full: true },
  { name: 'two-ingests', flags: ['FAULTS=0', 'INGESTS=2'], full: true },
  { name: 'two-signers-1-fault', flags: ['FAULTS=1', 'SIGNERS=2'], full: true },
  { name: 'two-sealers-1-fault', flags: ['FAULTS=1', 'SEALERS=2'], full: true },
  { name: 'sweep-beside-1-fault', flags: ['FAULTS=1', 'SWEEPERS=1'], full: true },
  { name: 'freeze-1-fault', flags: ['FAULTS=1', 'FREEZE'], full: true },
  { name: 'periods', flags: ['FAULTS=0', 'PERIODS'], full: true },
  { name: 'periods-one-key-1-fault', flags: ['FAULTS=1', 'PERIODS', 'KEYS=1'], full: true },
  { name: 'one-of-each-3-faults', flags: ['FAULTS=3'], full: true },
  { name: 'one-of-each-4-faults', flags: ['FAULTS=4'], full: true },
  { name: 'two-ingests-1-fault', flags: ['FAULTS=1', 'INGESTS=2'], full: true },
  { name: 'three-keys', flags: ['FAULTS=1', 'KEYS=3'], full: true },
  { name: 'three-keys-limit-two', flags: ['FAULTS=1', 'KEYS=3', 'LIMIT=2'], full: true },
  { name: 'two-ingests-2-faults', flags: ['FAULTS=2', 'INGESTS=2'], full: true },
  { name: 'two-ingests-at-the-limit-3-faults', flags: ['FAULTS=3', 'INGESTS=2', 'LIMIT=1'], full: true },
  { name: 'two-signers-2-faults', flags: ['FAULTS=2', 'SIGNERS=2'], full: true },
  { name: 'two-sealers-2-faults', flags: ['FAULTS=2', 'SEALERS=2'], full: true },
  { name: 'two-sweeps-beside', flags: ['FAULTS=1', 'SWEEPERS=2'], full: true },
  { name: 'two-signers-two-sealers', flags: ['FAULTS=1', 'SIGNERS=2', 'SEALERS=2'], full: true },
  { name: 'two-ingests-two-signers', flags: ['FAULTS=0', 'INGESTS=2', 'SIGNERS=2'], full: true },
  { name: 'freeze-at-a-distance-two-signers', flags: ['FAULTS=1', 'FREEZE', 'INTERVAL', 'SIGNERS=2'], full: true },
  { name: 'periods-1-fault', flags: ['FAULTS=1', 'PERIODS'], full: true },
  { name: 'periods-two-closers', flags: ['FAULTS=1', 'PERIODS', 'KEYS=1', 'CLOSERS=2'], full: true },
  { name: 'periods-two-archivers', flags: ['FAULTS=1', 'PERIODS', 'KEYS=1', 'ARCHIVERS=2'], full: true },
  { name: 'periods-two-signers', flags: ['FAULTS=1', 'PERIODS', 'KEYS=1', 'SIGNERS=2'], full: true },
  { name: 'periods-two-sealers', flags: ['FAULTS=1', 'PERIODS', 'KEYS=1', 'SEALERS=2'], full: true },
  { name: 'periods-freeze', flags: ['FAULTS=1', 'PERIODS', 'KEYS=1', 'FREEZE'], full: true },
  {
    name: 'two-of-everything',
    flags: ['FAULTS=2', 'INGESTS=2', 'SIGNERS=2', 'SEALERS=2', 'SWEEPERS=1'],
    full: true,
    bitstate: true,
  },
];

const mutant = (name: string, flags: string, ...rejectedBy: string[]): Mutant => ({
  name,
  flags: [`M_${name.toUpperCase().replaceAll('-', '_')}`, ...flags.split(' ')],
  rejectedBy,
});

/** Must not hold, each for the reason it is made for. */
export const MUTANTS: readonly Mutant[] = [
  mutant('dedupe-outside', 'FAULTS=0 INGESTS=2 LIMIT=4', 'each_key_is_billed_at_most_once'),
  mutant('limit-outside', 'FAULTS=0 INGESTS=2 LIMIT=1', 'the_limit_is_never_exceeded'),
  mutant('answer-before-commit', 'FAULTS=1', 'what_was_acknowledged_is_billed'),
  mutant('doorbell-before-commit', 'FAULTS=0', 'sweeps_repair_what_faults_lost'),
  mutant('doorbell-before-commit', 'FAULTS=0 M_NO_SWEEP', 'what_was_acknowledged_is_billed'),
  { ...mutant('new-key-on-retry', 'FAULTS=1', 'nothing_is_billed_that_no_key_stands_for'), full: true },
  mutant('no-cas', 'FAULTS=1 SIGNERS=2', 'each_key_is_billed_at_most_once'),
  mutant('head-unwatched', 'FAULTS=1 SIGNERS=2', 'a_page_is_never_rewritten'),
  { ...mutant('waiting-stays', 'FAULTS=0', 'each_key_is_billed_at_most_once'), full: true },
  { ...mutant('number-outside', 'FAULTS=1', 'numbers_are_dense_and_pages_linked'), full: true },
  mutant('freeze-unwatched', 'FAULTS=0 FREEZE', 'nothing_is_billed_while_frozen'),
  { ...mutant('mirror-before-commit', 'FAULTS=1', 'the_mirror_is_never_ahead_of_the_chain'), full: true },
  mutant('mirror-overwrites', 'FAULTS=1 SIGNERS=2', 'the_mirror_never_differs_from_the_chain'),
  { ...mutant('mirror-adds', 'FAULTS=1', 'the_mirror_holds_each_page_once'), full: true },
  mutant(
    'no-sweep',
    'FAULTS=1',
    'everything_is_under_a_seal',
    'what_was_acknowledged_is_billed',
    'the_mirror_is_whole',
  ),
  { ...mutant('sweep-remembers-too-early', 'FAULTS=2', 'sweeps_repair_what_faults_lost'), full: true },
  mutant('seal-rederived', 'FAULTS=1', 'published_bytes_are_the_record'),
  mutant('seal-two-snapshots', 'FAULTS=0 SEALERS=2', 'seals_grow'),
  { ...mutant('seal-number-untied', 'FAULTS=0 SEALERS=2', 'one_record_per_seal_number'), full: true },
  mutant('slower-sealer-gives-up', 'FAULTS=0 SEALERS=2', 'sweeps_repair_what_faults_lost'),
  { ...mutant('signature-varies', 'FAULTS=1 SEALERS=2', 'published_bytes_are_the_record'), full: true },
  { ...mutant('parts-after-seal', 'FAULTS=0', 'a_seal_in_the_vault_has_its_parts'), full: true },
  mutant('mark-before-vault', 'FAULTS=0', 'what_is_published_is_in_the_vault'),
  mutant('close-over-waiting', 'FAULTS=0 PERIODS KEYS=1', 'usage_before_the_close_is_in_its_invoice'),
  { ...mutant('closed-unchecked', 'FAULTS=0 PERIODS KEYS=1 CLOSERS=2', 'a_period_is_closed_once'), full: true },
  { ...mutant('invoice-number-outside', 'FAULTS=1 PERIODS KEYS=1', 'invoice_numbers_have_no_gap'), full: true },
  { ...mutant('evidence-by-latest-seal', 'FAULTS=1 PERIODS KEYS=2', 'evidence_is_the_same_each_time'), full: true },
  mutant('evidence-before-its-seal', 'FAULTS=0 PERIODS KEYS=1', 'evidence_rests_on_a_published_seal'),
];
