import type { HeadLine, SealRecord } from '../ledger/kinds.ts';
import { readHead } from '../ledger/record.ts';
import { blindedTenant, headsRoot } from '../ledger/seal.ts';
import type { BundleFiles } from './bundle-files.ts';
import { type ClaimName, type Examination, Refuted } from './claims.ts';
import type { CheckedSeal } from './verify-signatures.ts';

/** A complete heads tree. @returns the lines by blinded tenant */
export function readHeads(
  files: BundleFiles,
  path: string,
  record: SealRecord,
  claim: ClaimName,
): Map<string, HeadLine> {
  const texts = [...files.lines(path)];
  const heads = new Map<string, HeadLine>();
  let previous = '';
  let total = 0;
  for (const text of texts) {
    const head = readHead(text);
    if (head.tenant <= previous) throw new Refuted(claim, 'a log is named twice, or out of order', { file: path });
    heads.set(head.tenant, head);
    previous = head.tenant;
    total += Number(head.size);
  }
  if (String(texts.length) !== record.heads_count)
    throw new Refuted(claim, `the seal counts ${record.heads_count} heads`, { file: path });
  if (headsRoot(texts) !== record.heads_root)
    throw new Refuted(claim, 'the heads are not the ones that were sealed', { file: path });
  if (String(total) !== record.receipts_total)
    throw new Refuted(claim, 'the sizes do not add up to the seal’s total', { file: path });
  return heads;
}

/** The tenant's name among the heads. */
export function blindedName({ files, pinned, about }: Examination): string {
  return blindedTenant(pinned.ledger, files.text(files.json('start.json'), 'blind', 'start.json'), about.tenant);
}

/** @returns the one head of the tenant's log */
export function checkHeads(examination: Examination, seal: CheckedSeal): HeadLine {
  const { files, pass } = examination;
  const heads = readHeads(files, 'heads.ndjson', seal.record, 'heads');
  const head = heads.get(blindedName(examination));
  if (head === undefined) throw new Refuted('heads', 'the seal does not name this tenant', { file: 'heads.ndjson' });
  pass('heads', `${heads.size} logs sealed, this one at ${head.size} entries`);
  return head;
}
