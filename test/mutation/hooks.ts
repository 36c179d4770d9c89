import fc from 'fast-check';
import type { Context } from 'mocha';

// A change is judged some thousand times: laws are tried with the same samples each time, for a bounded time, and what fails is
// not made smaller.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20250303, interruptAfterTimeLimit: 300, endOnFailure: true });

/**
 * What takes a second or more each time and says again, of every byte or size there is, what tests beside it say of some; and
 * what counts how many samples it has tried.
 */
const LONG = [
  /whichever bit of it is another/,
  /where somebody made it to hurt whoever reads it/,
  /with any one byte changed is refused/,
  /with any one character changed, left out or put in/,
  /is what the text of RFC 6962 gives/,
  /for every anchor day, unit and count/,
  /in order: a later boundary is never earlier/,
  /made byte for byte again by the suite/,
  /judges each as if it were the first/,
  /names the first bad entry/,
];

/** What Stryker counts in the run without a change: which changes are passed by while modules load, and in which tests. */
interface Coverage {
  readonly static: Record<string, number>;
  readonly perTest: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export const mochaHooks = {
  beforeEach(this: Context): void {
    const title = this.currentTest?.fullTitle() ?? '';
    if (LONG.some((long) => long.test(title))) this.skip();
  },

  /**
   * A change that tests pass by is judged by them alone. Were it also noted as passed by while their files load, which make
   * examples then, each such change would be given a process of its own, and nothing else would come of it.
   */
  afterAll(): void {
    const coverage = (globalThis as { __stryker__?: { mutantCoverage?: Coverage } }).__stryker__?.mutantCoverage;
    if (coverage === undefined) return;
    for (const passed of Object.values(coverage.perTest))
      for (const id of Object.keys(passed)) delete coverage.static[id];
  },
};
