import { manifestBytes, packBundle } from '../../shared/domain/evidence/bundle.ts';
import type { ClaimName } from '../../shared/domain/evidence/claims.ts';
import type { Pinned } from '../../shared/domain/evidence/pinned.ts';
import { type BundleFile, readTar } from '../../shared/domain/evidence/tar.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';
import type { Notary } from '../../shared/stores/notary.ts';

/** One way to cheat with a bundle, by somebody who can even sign the manifest again. */
interface Tampering {
  readonly what: string;
  /** claims of which at least one must fail */
  readonly caughtBy: readonly ClaimName[];
  readonly change: (files: Map<string, Buffer>) => void;
}

const linesOf = (files: Map<string, Buffer>): string[] =>
  files.get('receipts.ndjson')!.toString('latin1').split('\n').slice(0, -1);
const setLines = (files: Map<string, Buffer>, lines: readonly string[]): void => {
  files.set('receipts.ndjson', Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
};
const firstCharge = (lines: readonly string[]): number => lines.findIndex((line) => line.includes('"typ":"charge"'));

export const TAMPERINGS: readonly Tampering[] = [
  {
    what: 'the amount of a receipt is raised',
    caughtBy: ['charges', 'chain'],
    change: (files) => {
      const lines = linesOf(files);
      const at = firstCharge(lines) + 1;
      lines[at] = lines[at]!.replace(/"amount":"([^"]*)"/, (_, amount: string) => `"amount":"9${amount}"`);
      setLines(files, lines);
    },
  },
  {
    what: 'a receipt in the middle is removed',
    caughtBy: ['chain'],
    change: (files) => {
      const lines = linesOf(files);
      lines.splice(Math.floor(lines.length / 2), 1);
      setLines(files, lines);
    },
  },
  {
    what: 'two receipts change places',
    caughtBy: ['chain'],
    change: (files) => {
      const lines = linesOf(files);
      const at = Math.floor(lines.length / 3);
      [lines[at], lines[at + 1]] = [lines[at + 1]!, lines[at]!];
      setLines(files, lines);
    },
  },
  {
    what: 'the last receipts are cut off',
    caughtBy: ['chain'],
    change: (files) => setLines(files, linesOf(files).slice(0, -2)),
  },
  {
    what: 'the invoice says another total',
    caughtBy: ['invoice'],
    change: (files) => {
      const text = files.get('invoice.json')!.toString('utf8');
      files.set(
        'invoice.json',
        Buffer.from(text.replace(/"total":"(\d+)"/, (_, total: string) => `"total":"${total}0"`)),
      );
    },
  },
];

export interface TamperOutcome {
  readonly what: string;
  readonly caught: boolean;
  readonly by: string;
}

/** Tampers with copies of a bundle, signs each manifest again, and asks the verifier. */
export async function tamperWith(bundle: Buffer, pinned: Pinned, notary: Notary): Promise<TamperOutcome[]> {
  const outcomes: TamperOutcome[] = [];
  for (const { what, caughtBy, change } of TAMPERINGS) {
    const files = readTar(bundle);
    change(files);
    const verdict = await verifyBundle(await resigned(files, notary), pinned);
    const failed = verdict.claims.filter(({ result }) => result === 'fail');
    const named = failed.find(({ claim }) => caughtBy.includes(claim));
    outcomes.push({
      what,
      caught: verdict.verdict === 'refuted' && named !== undefined,
      by:
        named === undefined
          ? 'nobody'
          : `${named.claim}${named.seq === undefined ? '' : ` at entry ${named.seq}`}: ${named.detail}`,
    });
  }
  return outcomes;
}

/** The bundle with a manifest that fits its files again, signed by the real evidence key. */
async function resigned(files: Map<string, Buffer>, notary: Notary): Promise<Buffer> {
  const about = JSON.parse(files.get('manifest.json')!.toString('utf8')) as Record<
    'ledger' | 'tenant' | 'number' | 'subscription' | 'period' | 'seal',
    string
  >;
  const others: BundleFile[] = [...files]
    .filter(([path]) => path !== 'manifest.json' && path !== 'manifest.jws')
    .map(([path, bytes]) => ({ path, bytes }));
  const manifest = manifestBytes(about, others);
  return packBundle(others, manifest, await notary.signEvidence('manifest+jws', Number(about.seal), manifest));
}
