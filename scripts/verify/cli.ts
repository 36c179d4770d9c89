import { open } from 'node:fs/promises';
import { CLAIMS, type Verdict } from '../../shared/domain/evidence/claims.ts';
import { plainBundle } from '../../shared/domain/evidence/gzip.ts';
import { compareHeld, type HeldComparison, HeldUnreadable } from '../../shared/domain/evidence/held.ts';
import { PinnedUnreadable, readPinned } from '../../shared/domain/evidence/pinned.ts';
import { BUNDLE_MAX_BYTES, BundleUnreadable } from '../../shared/domain/evidence/tar.ts';
import { verifyBundle } from '../../shared/domain/evidence/verify.ts';

export const USAGE = `Usage: verify BUNDLE --pinned PINNED.json [--held FILE]... [--json]

Verifies an evidence bundle with no network and no store.

  BUNDLE            the bundle, a .tar file, or one that is still compressed with gzip
  --pinned FILE     ledger, tenant and public keys, learnt from elsewhere than the bundle
  --held FILE       something kept from before, that the bundle must agree with: an earlier bundle, a signed
                    checkpoint (bare, as the API answered it, or the vault's seals/N.json), or the answer of
                    GET /api/v1/billing/ledger/head; may be given several times
  --json            print the verdict as JSON

Exit status: 0 verified, 1 refuted or contradicted by what is held, 2 unreadable, wrongly called, or nothing in
common with what is held.`;

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
    const bundle = plainBundle(await readBounded(call.bundle, BUNDLE_MAX_BYTES));
    const verdict = await verifyBundle(bundle, pinned);
    const held: (HeldComparison & { readonly file: string })[] = [];
    if (verdict.verdict === 'verified') {
      for (const file of call.held) {
        held.push({ file, ...(await compareHeld(bundle, await readBounded(file, BUNDLE_MAX_BYTES), pinned)) });
      }
    }
    const whole = call.held.length === 0 ? verdict : { ...verdict, held };
    out(call.json ? JSON.stringify(whole, null, 2) : verdictText(verdict, held));
    return exitOf(verdict, held);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    err(`unreadable: ${error.message}`);
    return 2;
  }
}

function exitOf({ verdict }: Verdict, held: readonly HeldComparison[]): 0 | 1 | 2 {
  if (verdict !== 'verified') return verdict === 'refuted' ? 1 : 2;
  if (held.some(({ result }) => result === 'contradicts')) return 1;
  return held.some(({ result }) => result === 'apart') ? 2 : 0;
}

const isUnreadable = (error: unknown): error is Error =>
  error instanceof PinnedUnreadable ||
  error instanceof HeldUnreadable ||
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

interface Call {
  readonly bundle: string;
  readonly pinned: string;
  readonly held: readonly string[];
  readonly json: boolean;
}

function readCall(args: readonly string[]): Call | 'help' | undefined {
  let bundle: string | undefined;
  let pinned: string | undefined;
  const held: (string | undefined)[] = [];
  let json = false;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--help' || arg === '-h') return 'help';
    if (arg === '--json') json = true;
    else if (arg === '--pinned') pinned = args[++at];
    else if (arg.startsWith('--pinned=')) pinned = arg.slice('--pinned='.length);
    else if (arg === '--held') held.push(args[++at]);
    else if (arg.startsWith('--held=')) held.push(arg.slice('--held='.length));
    else if (arg.startsWith('-') || bundle !== undefined) return undefined;
    else bundle = arg;
  }
  const files = held.filter((file) => file !== undefined);
  if (bundle === undefined || pinned === undefined || files.length < held.length) return undefined;
  return { bundle, pinned, held: files, json };
}

const WORDS = { pass: 'PASS', fail: 'FAIL', not_checked: '----' } as const;

const HELD_WORDS = { agrees: 'PASS', contradicts: 'FAIL', apart: '----' } as const;

function verdictText(verdict: Verdict, held: readonly (HeldComparison & { readonly file: string })[]): string {
  const about =
    verdict.invoice === undefined
      ? []
      : [`invoice ${verdict.invoice} of ${verdict.tenant}, ledger ${verdict.ledger}, ${verdict.receipts} entries`, ''];
  const claims = verdict.claims.flatMap(({ claim, result, detail, seq, file }) => {
    const where = [...(seq === undefined ? [] : [`entry ${seq}`]), ...(file === undefined ? [] : [file])].join(', ');
    return [`${WORDS[result]}  ${CLAIMS[claim]}`, `      ${where === '' ? '' : `${where}: `}${detail}`];
  });
  const comparisons = held.flatMap(({ file, result, detail }) => [
    `${HELD_WORDS[result]}  it agrees with ${file}`,
    `      ${detail}`,
  ]);
  const isContradicted = held.some(({ result }) => result === 'contradicts');
  const last = isContradicted ? 'CONTRADICTED' : verdict.verdict.toUpperCase();
  return [...about, ...claims, ...comparisons, '', last].join('\n');
}
