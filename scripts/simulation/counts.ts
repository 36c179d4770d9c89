/** How often something happened. */
export class Counts {
  readonly counts = new Map<string, number>();

  note(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  add(other: Iterable<readonly [string, number]>): void {
    for (const [what, times] of other) this.note(what, times);
  }
}
