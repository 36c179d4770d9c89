import type { Sequence } from '../ids.ts';
import type { About, BundleFiles } from './bundle-files.ts';
import type { Pinned } from './pinned.ts';

/** What a bundle is asked to prove, in the order a reader wants to know it. */
export const CLAIMS = {
  readable: 'the bundle is complete and in its one possible form',
  manifest: 'every file is the one that was signed, the plain report too',
  keys: 'the signing keys are the pinned ones and were in force',
  checkpoint: 'the checkpoint is signed and the seal is its last leaf',
  heads: 'the seal names this ledger’s log exactly once',
  chain: 'no receipt is missing, added, moved or altered',
  charges: 'every amount follows from usage and price version',
  anchors: 'the log passed through every anchor that was signed before',
  invoice: 'the invoice is the sum of its receipts',
} as const;

export type ClaimName = keyof typeof CLAIMS;

export interface ClaimResult {
  readonly claim: ClaimName;
  readonly result: 'pass' | 'fail' | 'not_checked';
  /** what was found, in one line */
  readonly detail: string;
  /** the first bad entry, where the fault is in one */
  readonly seq?: Sequence;
  /** the file in which the fault shows */
  readonly file?: string;
}

export interface Verdict {
  readonly verdict: 'verified' | 'refuted' | 'unreadable';
  readonly claims: readonly ClaimResult[];
  readonly ledger?: string;
  readonly tenant?: string;
  readonly invoice?: string;
  readonly receipts: number;
}

/** A claim that does not hold, and where. */
export class Refuted extends Error {
  readonly claim: ClaimName;
  readonly file: string | undefined;
  readonly seq: number | undefined;

  constructor(claim: ClaimName, detail: string, where: { readonly file?: string; readonly seq?: number } = {}) {
    super(detail);
    this.name = 'Refuted';
    this.claim = claim;
    this.file = where.file;
    this.seq = where.seq;
  }
}

/** What every check works with. */
export interface Examination {
  readonly files: BundleFiles;
  readonly pinned: Pinned;
  readonly about: About;
  /** Says that a claim holds. */
  readonly pass: (claim: ClaimName, detail: string) => void;
}
