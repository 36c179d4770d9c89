import { canonicalJson, type Json } from '../canonical.ts';
import { sha256Base64url } from '../digest.ts';
import type { SealRecord } from '../ledger/kinds.ts';
import { rootFromInclusion } from '../ledger/proof.ts';
import { readSeal } from '../ledger/record.ts';
import { checkpointText } from '../ledger/seal.ts';
import { leafHashOfText, type TreeHash } from '../ledger/tree.ts';
import { type Examination, Refuted } from './claims.ts';
import { verifyJws } from './jws.ts';
import { isInForce, readKeyset } from './keyset.ts';

/** Every file is the one that was signed. @returns the key that signed */
export async function checkManifest({ files, pinned, about, pass }: Examination): Promise<string> {
  const manifest = files.json('manifest.json') as { readonly files: unknown; readonly ledger: unknown };
  const refuse = (detail: string, file: string): never => {
    throw new Refuted('manifest', detail, { file });
  };
  if (manifest.ledger !== pinned.ledger)
    refuse(`the bundle is of the ledger ${String(manifest.ledger).slice(0, 200)}`, 'manifest.json');
  if (pinned.tenant !== undefined && about.tenant !== pinned.tenant)
    refuse('the bundle is of another tenant', 'manifest.json');
  const signed = await verifyJws(files.file('manifest.jws').toString('latin1'), 'manifest+jws', pinned.keyset);
  if (signed === undefined)
    throw new Refuted('manifest', 'no pinned evidence key signed the manifest', { file: 'manifest.jws' });
  if (!signed.payload.equals(files.file('manifest.json')))
    refuse('the signature is over another manifest', 'manifest.json');
  if (!isInForce(signed.key, about.seal))
    refuse(`the key that signed was not in force at seal ${about.seal}`, 'manifest.jws');
  const expected = [...files.paths()].filter((path) => path !== 'manifest.json' && path !== 'manifest.jws');
  const listed = Array.isArray(manifest.files) ? (manifest.files as unknown[]) : [];
  for (const [i, path] of expected.entries()) {
    const bytes = files.file(path);
    const claim = canonicalJson({ path, sha256: sha256Base64url(bytes), size: String(bytes.length) });
    if (listed[i] === undefined || canonicalJson(listed[i] as Json) !== claim)
      refuse(`${path} is not the file that was signed`, path);
  }
  if (listed.length !== expected.length) refuse('a file that was signed is missing', 'manifest.json');
  pass('manifest', `${expected.length} files under one signature by ${signed.key.kid}`);
  return signed.key.kid;
}

/** A seal record with its audit path. */
export function readSealFile(
  { files, pinned }: Examination,
  path: string,
): { readonly record: SealRecord; readonly text: string; readonly path: TreeHash[] } {
  const value = files.json(path);
  files.members(value, ['path', 'record'], path);
  const text = files.text(value, 'record', path);
  const record = readSeal(text);
  if (record.ledger !== pinned.ledger)
    throw new Refuted('checkpoint', `${path} is a seal of ${record.ledger}`, { file: path });
  return { record, text, path: files.hashes(value, 'path', path) };
}

/** A seal that a signed checkpoint ends with. */
export interface CheckedSeal {
  readonly record: SealRecord;
  /** root of the seal log */
  readonly root: TreeHash;
  /** the key that signed */
  readonly kid: string;
}

export async function checkCheckpoint(examination: Examination): Promise<CheckedSeal> {
  const { files, pinned, about, pass } = examination;
  const seal = readSealFile(examination, 'seal.json');
  const refuse = (detail: string, file: string): never => {
    throw new Refuted('checkpoint', detail, { file });
  };
  const n = Number(seal.record.n);
  if (n !== about.seal) refuse(`the manifest names seal ${about.seal}, this is seal ${n}`, 'seal.json');
  const signed = await verifyJws(files.file('checkpoint.jws').toString('latin1'), 'checkpoint+jws', pinned.keyset);
  if (signed === undefined)
    throw new Refuted('checkpoint', 'no pinned checkpoint key signed it', { file: 'checkpoint.jws' });
  // The seal must be the last leaf: otherwise an old head could be shown under a newer checkpoint.
  const root = rootFromInclusion(leafHashOfText(seal.text), n, n + 1, seal.path);
  if (root === undefined)
    throw new Refuted('checkpoint', 'the path of the seal has the wrong length', { file: 'seal.json' });
  if (signed.payload.toString('utf8') !== checkpointText(pinned.ledger, n + 1, root)) {
    refuse('the signed checkpoint is of another seal log', 'checkpoint.jws');
  }
  pass('checkpoint', `seal ${n} of ${seal.record.at}, signed by ${signed.key.kid}`);
  return { record: seal.record, root, kid: signed.key.kid };
}

/** @param evidenceKid the key that signed the manifest, where one did */
export async function checkKeys(
  { files, pinned, about, pass }: Examination,
  seal: CheckedSeal,
  evidenceKid: string | undefined,
): Promise<void> {
  const refuse = (detail: string): never => {
    throw new Refuted('keys', detail, { file: 'jwks.json' });
  };
  const bytes = files.file('jwks.json');
  if (sha256Base64url(bytes) !== seal.record.keyset) refuse('the JWKS is not the one that the seal names');
  const keyset = await readKeyset(files.json('jwks.json'));
  if (keyset === undefined)
    throw new Refuted('keys', 'the JWKS holds something else than RS256 keys', { file: 'jwks.json' });
  const used = [{ kid: seal.kid, purpose: 'checkpoint' }];
  if (evidenceKid !== undefined) used.push({ kid: evidenceKid, purpose: 'evidence' });
  for (const { kid, purpose } of used) {
    for (const [name, set] of [
      ['pinned', pinned.keyset],
      ['sealed', keyset],
    ] as const) {
      const key = set.keys.find((candidate) => candidate.kid === kid && candidate.purpose === purpose);
      if (key === undefined)
        throw new Refuted('keys', `${kid} is no ${purpose} key of the ${name} JWKS`, { file: 'jwks.json' });
      if (!isInForce(key, about.seal)) refuse(`${kid} was not in force at seal ${about.seal}, says the ${name} JWKS`);
    }
  }
  pass('keys', `${keyset.keys.length} keys known at seal ${about.seal}`);
}
