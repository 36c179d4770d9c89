import { burnCredits, inBurnOrder } from '../../shared/domain/credit/burn.ts';

// Every line runs and nothing is looked at: what such a test finds is what makes code throw, and no more.
describe('credits, looked at by nobody', () => {
  it('burn', () => {
    const grants = ['', '2026-06-01'].flatMap((expiresAt, i) =>
      [0, 1].map((priority) => ({ id: `${i} ${priority}`, balance: 5n, priority, expiresAt, seq: i })),
    );
    inBurnOrder(grants);
    burnCredits(grants, 12n, '2026-05-01');
  });
});
