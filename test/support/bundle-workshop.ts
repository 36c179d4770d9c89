import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { goodBundle } from '../../scripts/vectors/bad-bundle.ts';
import { VECTORS } from '../../scripts/vectors/keys.ts';
import { signManifest } from '../../scripts/vectors/ops.ts';
import type { BaseName, PinnedName } from '../../scripts/vectors/recipe.ts';
import { Workpiece } from '../../scripts/vectors/workpiece.ts';
import type { ClaimName, ClaimResult, Verdict } from '../../shared/domain/evidence/claims.ts';
import { type Pinned, readPinned } from '../../shared/domain/evidence/pinned.ts';
import { readTar, writeTar } from '../../shared/domain/evidence/tar.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';

/** Whether the slow, exhaustive form of a test is asked for. */
export const LONG = process.env['TALLYSTICK_LONG'] === '1';

export const pinned = async (name: PinnedName): Promise<Pinned> =>
  readPinned(JSON.parse(readFileSync(`${VECTORS}${name}.json`, 'utf8')));

export const judge = async (bundle: Buffer, name: PinnedName): Promise<Verdict> =>
  verifyBundle(bundle, await pinned(name));

/** A good bundle, opened. */
export const opened = (base: BaseName): Workpiece => new Workpiece(readTar(goodBundle(base)));

export const packed = (piece: Workpiece): Buffer =>
  writeTar([...piece.files].map(([path, bytes]) => ({ path, bytes })));

/** The bundle with a manifest that fits it, signed by the key that signed before. */
export function signedAgain(piece: Workpiece): Buffer {
  signManifest(piece);
  return packed(piece);
}

export const failed = (verdict: Verdict): ClaimResult[] => verdict.claims.filter(({ result }) => result === 'fail');

/** What failed, for the message of an assertion. */
export const said = (verdict: Verdict): string =>
  [
    verdict.verdict,
    ...failed(verdict).map(({ claim, seq, file, detail }) => `${claim} ${seq ?? ''} ${file ?? ''} ${detail}`),
  ].join('\n');

/** Asserts that a claim fails and returns its failure. */
export function failureOf(verdict: Verdict, claim: ClaimName): ClaimResult {
  const found = failed(verdict).find((result) => result.claim === claim);
  assert.ok(found !== undefined, `${claim} should fail:\n${said(verdict)}`);
  return found;
}

// A path as the tar names it (whose letters may be what was changed), or the number of a block.
const PLACE = /header of \S|\b[\w-]+\.\w+\b|prices\/|\bblocks?\b/;

/** Asserts that a verdict is no `verified` and that it says where the trouble is. */
export function assertLocated(verdict: Verdict, what: string): void {
  assert.notEqual(verdict.verdict, 'verified', `${what} was verified`);
  const failures = failed(verdict);
  const isLocated =
    verdict.verdict === 'unreadable'
      ? PLACE.test(failures[0]?.detail ?? '')
      : failures.length > 0 && failures.every(({ file, seq }) => file !== undefined || seq !== undefined);
  assert.ok(isLocated, `${what} has no place:\n${said(verdict)}`);
}
