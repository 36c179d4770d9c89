import { open } from 'node:fs/promises';
import { CLAIMS, type Verdict } from '../../shared/domain/evidence/claims.ts';
import { plainBundle } from '../../shared/domain/evidence/gzip.ts';
import { PinnedUnreadable, readPinned } from '../../shared/domain/evidence/pinned.ts';
import { BUNDLE_MAX_BYTES, BundleUnreadable } from '../../shared/domain/evidence/tar.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';

export const USAGE = `Usage: verify BUNDLE --pinned PINNED.json [--json]

Verifies an evidence bundle with no network and no store.

  BUNDLE            the bundle, a .tar file, or one that is still compressed with gzip
  --pinned FILE     ledger, tenant and public keys, learnt from elsewhere than the bundle
  --json            print the verdict as JSON

Exit status: 0 verified, 1 refuted, 2 unreadable or wrongly called.`;

export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

const PINNED_MAX_BYTES = 4 * 1024 ** 2;

/** Runs the verifier as a command. @returns the exit status */
export async function verifyCommand(args: readonly string[], { out, err }: Io): Promise<0 | 1 | 2> {
  const call = readCall(args);
  if (call === 'help') {
    out(USAGE);
    return 0;
  }
  if (call === undefined) {
    err(USAGE);
    return 2;
  }
  try {
    const pinned = await readPinned(JSON.parse((await readBounded(call.pinned, PINNED_MAX_BYTES)).toString('utf8')));
    const verdict = await verifyBundle(plainBundle(await readBounded(call.bundle, BUNDLE_MAX_BYTES)), pinned);
    out(call.json ? JSON.stringify(verdict, null, 2) : verdictText(verdict));
    return verdict.verdict === 'verified' ? 0 : verdict.verdict === 'refuted' ? 1 : 2;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    err(`unreadable: ${error.message}`);
    return 2;
  }
}

const isUnreadable = (error: unknown): error is Error =>
  error instanceof PinnedUnreadable ||
  error instanceof BundleUnreadable ||
  error instanceof SyntaxError ||
  error instanceof TooLarge ||
  (error instanceof Error && 'code' in error && 'path' in error) ||
  (error instanceof Error && 'code' in error && error.code === 'EISDIR');

class TooLarge extends Error {}

/** Reads a file whose size is looked at first. */
async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw new TooLarge(`${path} has ${size} bytes, at most ${maxBytes} are read`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function readCall(args: readonly string[]): { bundle: string; pinned: string; json: boolean } | 'help' | undefined {
  let bundle: string | undefined;
  let pinned: string | undefined;
  let json = false;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--help' || arg === '-h') return 'help';
    if (arg === '--json') json = true;
    else if (arg === '--pinned') pinned = args[++at];
    else if (arg.startsWith('--pinned=')) pinned = arg.slice('--pinned='.length);
    else if (arg.startsWith('-') || bundle !== undefined) return undefined;
    else bundle = arg;
  }
  return bundle === undefined || pinned === undefined ? undefined : { bundle, pinned, json };
}

const WORDS = { pass: 'PASS', fail: 'FAIL', not_checked: '----' } as const;

function verdictText(verdict: Verdict): string {
  const about =
    verdict.invoice === undefined
      ? []
      : [`invoice ${verdict.invoice} of ${verdict.tenant}, ledger ${verdict.ledger}, ${verdict.receipts} entries`, ''];
  const claims = verdict.claims.flatMap(({ claim, result, detail, seq, file }) => {
    const where = [...(seq === undefined ? [] : [`entry ${seq}`]), ...(file === undefined ? [] : [file])].join(', ');
    return [`${WORDS[result]}  ${CLAIMS[claim]}`, `      ${where === '' ? '' : `${where}: `}${detail}`];
  });
  return [...about, ...claims, '', verdict.verdict.toUpperCase()].join('\n');
}
