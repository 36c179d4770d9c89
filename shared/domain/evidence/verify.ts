import { Unreadable } from '../ledger/record.ts';
import { type About, BundleFiles } from './bundle-files.ts';
import { CLAIMS, type ClaimName, type ClaimResult, type Examination, Refuted, type Verdict } from './claims.ts';
import type { Pinned } from './pinned.ts';
import { BundleUnreadable } from './tar.ts';
import { checkAnchors } from './verify-anchors.ts';
import { checkHeads } from './verify-heads.ts';
import { checkEntries, NO_ANCHORS } from './verify-replay.ts';
import { checkCheckpoint, checkKeys, checkManifest } from './verify-signatures.ts';

/**
 * Verifies an evidence bundle with nothing but the bundle and what is pinned: no network, no store, no clock.
 * Every claim is judged; one that another's failure leaves without ground is `not_checked`.
 */
export async function verifyBundle(bytes: Buffer, pinned: Pinned): Promise<Verdict> {
  const findings = new Findings();
  let files: BundleFiles;
  let about: About;
  try {
    files = new BundleFiles(bytes);
    about = files.about();
  } catch (error) {
    if (!(error instanceof BundleUnreadable || error instanceof Unreadable)) throw error;
    findings.fail('readable', error.message, {});
    return { verdict: 'unreadable', claims: findings.claims(), receipts: 0 };
  }
  findings.pass('readable', `${files.paths().length} files, ${bytes.length} bytes`);
  const examination: Examination = { files, pinned, about, pass: (claim, detail) => findings.pass(claim, detail) };
  const judge = <T>(claim: ClaimName, check: () => T | Promise<T>): Promise<T | undefined> =>
    findings.judge(claim, files, check);

  const evidenceKid = await judge('manifest', () => checkManifest(examination));
  const seal = await judge('checkpoint', () => checkCheckpoint(examination));
  if (seal !== undefined) await judge('keys', () => checkKeys(examination, seal, evidenceKid));
  const head = seal === undefined ? undefined : await judge('heads', () => checkHeads(examination, seal));
  const anchors =
    seal === undefined || head === undefined
      ? undefined
      : await judge('anchors', () => checkAnchors(examination, seal, head));
  const receipts = await judge('chain', () => checkEntries(examination, head, anchors ?? NO_ANCHORS));
  return {
    verdict: findings.allPassed() ? 'verified' : 'refuted',
    claims: findings.claims(),
    receipts: receipts ?? 0,
    ledger: pinned.ledger,
    tenant: about.tenant,
    invoice: about.number,
  };
}

/** What was found of each claim. */
class Findings {
  readonly #results = new Map<ClaimName, ClaimResult>();

  pass(claim: ClaimName, detail: string): void {
    this.#results.set(claim, { claim, result: 'pass', detail });
  }

  fail(
    claim: ClaimName,
    detail: string,
    where: { readonly file?: string | undefined; readonly seq?: number | undefined },
  ): void {
    this.#results.set(claim, {
      claim,
      result: 'fail',
      detail,
      ...(where.file === undefined ? {} : { file: where.file }),
      ...(where.seq === undefined ? {} : { seq: where.seq }),
    });
  }

  /** Runs one claim's check; what it throws becomes the claim's failure, under the name it carries. */
  async judge<T>(claim: ClaimName, files: BundleFiles, check: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await check();
    } catch (error) {
      if (error instanceof Refuted) this.fail(error.claim, error.message, error);
      else if (error instanceof Unreadable || error instanceof BundleUnreadable) {
        this.fail(claim, error.message, { file: files.reading });
      } else throw error;
      return undefined;
    }
  }

  allPassed(): boolean {
    return this.claims().every(({ result }) => result === 'pass');
  }

  /** In the order of the claims; what was not reached is not checked. */
  claims(): ClaimResult[] {
    return (Object.keys(CLAIMS) as ClaimName[]).map(
      (claim) => this.#results.get(claim) ?? { claim, result: 'not_checked', detail: 'an earlier claim does not hold' },
    );
  }
}
