import type { Lane } from './choosers.ts';
import { FUNCTIONS } from './instances.ts';

/** What must have happened some time in a run of both lanes: where it never did, the run has not tried what it says. */
export const SOMETIMES: readonly { readonly what: string; readonly lane: Lane }[] = [
  ...[
    'a bundle was verified (keyed)',
    'a bundle was verified (rsa)',
    'a commit that its caller had given up arrived all the same',
    'a commit was applied and nobody could tell',
    'a doorbell became a dead letter',
    'a doorbell was lost',
    'a draft on a head that had moved was thrown away',
    'a full pass found nothing wrong at the end',
    'a seal was signed by another than whoever wrote it down',
    'a sweep rang for usage again',
    'reconcile-chain: mirror_healed',
    'the mirror had a page and said it was away',
    ...FUNCTIONS.map((name) => `a crash of ${name}`),
  ].map((what) => ({ what, lane: 'A' as const })),
  ...[
    'a doorbell rang again after it was answered',
    'a duplicate was told so by another instance',
    'a limit was used up to the last unit',
    'a transaction lost against another',
    'a wrong signature was found out',
    'an answer got lost on its way to the client',
    'an event was refused at its limit',
    'an idle instance was stopped',
    'an invoice was issued',
    'another event under a known key was refused',
    'requests shared a transaction',
    'the clock of an instance jumped',
    'two closers of one period met',
    'usage of a closed period was billed in the next one',
  ].map((what) => ({ what, lane: 'B' as const })),
];

/** @returns what should have happened in those lanes and never did */
export function missed(counts: Readonly<Record<string, number>>, lanes: readonly Lane[]): string[] {
  // What happens in lane B happens in A as well.
  const known = SOMETIMES.filter(({ lane }) => lanes.includes('A') || lane === 'B');
  return known.filter(({ what }) => (counts[what] ?? 0) === 0).map(({ what }) => what);
}
