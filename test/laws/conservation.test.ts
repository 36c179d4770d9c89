import fc from 'fast-check';
import { live, place, step } from '../support/history.ts';
import { patience, runs } from './runs.ts';

/**
 * Random histories of an organization over HTTP: usage that comes in time, late and again; changes, pauses, ends;
 * corrections, adjustments, discounts; credits, credit notes, payments, refunds, voids, write-offs; invoices in between.
 */
describe('nothing is made and nothing is lost', () => {
  it('whatever happens in whatever order, every entry has one place, all places add up, and every bundle is verified', async function () {
    this.timeout(patience(120_000));
    const property = fc.asyncProperty(place, fc.array(step, { minLength: 12, maxLength: 30 }), live);
    // A history that fails is read, not made shorter: each attempt would be a suite of its own.
    await fc.assert(property, { ...runs(4), endOnFailure: true });
  });
});
