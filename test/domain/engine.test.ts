import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer } from '../../shared/domain/engine/answers.ts';
import { QUESTIONS } from '../../shared/domain/engine/schema.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const VECTORS = join(HERE, '../vectors/engine');

interface Vector {
  readonly asked: object;
  readonly answer: object;
}

describe('the engine answers as exact fractions do, worked out by another program', () => {
  for (const file of readdirSync(VECTORS).filter((name) => name.endsWith('.json'))) {
    const vectors = JSON.parse(readFileSync(join(VECTORS, file), 'utf8')) as Vector[];
    it(`${file}: ${vectors.length} vectors`, () => {
      assert.ok(vectors.length > 10);
      for (const [i, { asked, answer: expected }] of vectors.entries()) {
        assert.deepEqual(answer(asked), expected, `${file} ${i}: ${JSON.stringify(asked)}`);
      }
    });
  }
});

describe('docs/engine.md', () => {
  const guide = readFileSync(join(HERE, '../../docs/engine.md'), 'utf8');
  const blocks = [...guide.matchAll(/```json\n([\s\S]*?)```/g)].map(
    (match) => JSON.parse(match[1]!) as { question?: string },
  );
  const pairs = blocks.flatMap((block, i) =>
    block.question === undefined ? [] : [{ asked: block, answer: blocks[i + 1]! }],
  );

  it('shows each question with its answer, and they are true', () => {
    for (const { asked, answer: expected } of pairs) assert.deepEqual(answer(asked), expected, asked.question);
  });

  it('shows every question there is', () => {
    assert.deepEqual([...new Set(pairs.map(({ asked }) => asked.question))].sort(), Object.keys(QUESTIONS).sort());
  });
});

describe('a question that makes no sense', () => {
  for (const [says, asked] of [
    ['is no question', 'rate'],
    ['is of no kind', {}],
    ['is of a kind nobody knows', { question: 'guess' }],
    ['names a price below zero', { question: 'rate', model: { type: 'flat', amount: '-1' }, units: '1' }],
    ['has a number where text belongs', { question: 'rate', model: { type: 'flat', amount: 1 }, units: '1' }],
    [
      'asks for units and events at once',
      { question: 'rate', model: { type: 'flat', amount: '1' }, units: '1', events: [] },
    ],
    ['has a member nobody knows', { question: 'round', amount: '1', currency: 'EUR', mode: 'up' }],
    ['is in a currency nobody knows', { question: 'round', amount: '1', currency: 'XXX' }],
    [
      'ends a period before it starts',
      { question: 'prorate', amount: '1', period: { start: '2026-04-01', end: '2026-03-01' }, from: '2026-03-05' },
    ],
    [
      'has a day that does not exist',
      { question: 'periods', calendar: { unit: 'month', anchor: '2026-02-30' }, from: '2026-03-01' },
    ],
    [
      'has cells that overlap',
      {
        question: 'rate',
        matrix: {
          cells: [
            { match: { a: '1' }, model: { type: 'flat', amount: '1' } },
            { match: { b: '1' }, model: { type: 'flat', amount: '1' } },
          ],
        },
        events: [{ properties: { a: '1', b: '1' } }],
      },
    ],
    ['splits by nothing', { question: 'split', amount: '10', currency: 'EUR', weights: ['0', '0'] }],
  ] as const) {
    it(`${says}: it is refused with a code, and nothing is thrown`, () => {
      const { error } = answer(asked) as { error?: { code: string; detail: string } };
      assert.match(error?.code ?? '', /^[a-z_]+$/);
      assert.ok((error?.detail ?? '').length > 0);
    });
  }
});
