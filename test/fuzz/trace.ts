import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readTrace, type TraceRow, TraceUnreadable } from '../../scripts/demo/trace.ts';
import { naiveTime } from './naive-event.ts';
import type { Target } from './target.ts';

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens';
const number = fc.oneof(
  { weight: 20, arbitrary: fc.nat(100_000).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '-1',
      '01',
      '1.0',
      '1e3',
      ' 1',
      '1 ',
      '+1',
      '9'.repeat(12),
      '9'.repeat(13),
      '"1"',
      '\u0661',
      'NaN',
      '=1+1',
    ),
  },
);
const two = (value: number): string => String(value).padStart(2, '0');
const time = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .tuple(
        fc.integer({ min: 1, max: 28 }),
        fc.nat(23),
        fc.nat(59),
        fc.constantFrom('', '.1', '.1234567', '.000000001'),
      )
      .map(([day, hour, minute, fraction]) => `2026-01-${two(day)} ${two(hour)}:${two(minute)}:07${fraction}`),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc
        .tuple(fc.nat(13), fc.nat(32), fc.nat(25), fc.nat(61))
        .map(([month, day, hour, second]) => `2026-${two(month)}-${two(day)} ${two(hour)}:00:${two(second)}`),
      fc.constantFrom(
        '2026-01-31T12:00:00Z',
        '2026-01-31 12:00:00Z',
        '2026-02-30 12:00:00',
        '',
        '2026-01-31 12:00:00.',
        '0000-01-01 00:00:00',
        ' 2026-01-31 12:00:00',
      ),
    ),
  },
);
const row = fc.oneof(
  { weight: 30, arbitrary: fc.tuple(time, number, number).map((fields) => fields.join(',')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      ',',
      ',,',
      '2026-01-31 12:00:00,1',
      '2026-01-31 12:00:00,1,2,3',
      '"2026-01-31 12:00:00",1,2',
      '2026-01-31 12:00:00;1;2',
      '\0',
      HEADER,
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
);
const file = fc
  .record({
    header: fc.oneof(
      { weight: 20, arbitrary: fc.constant(HEADER) },
      { weight: 1, arbitrary: fc.constantFrom('', `\ufeff${HEADER}`, HEADER.toLowerCase(), `${HEADER},`, 'a,b,c') },
    ),
    rows: fc.array(row, { maxLength: 6 }),
    newline: fc.constantFrom('\n', '\n', '\r\n'),
    end: fc.constantFrom('', '\n', '\r\n', '\n\n', '\r', ' '),
  })
  .map(({ header, rows, newline, end }) => [header, ...rows].join(newline) + end);

/** The rows of a trace with every field as it is to be read, or undefined where it is none: line by line, letter by letter. */
function naiveTrace(text: string): readonly (readonly [time: string, input: string, output: string])[] | undefined {
  const lines: string[] = [];
  let line = '';
  for (const letter of text) {
    if (letter === '\n') {
      lines.push(line.endsWith('\r') ? line.slice(0, -1) : line);
      line = '';
    } else line += letter;
  }
  if (line !== '') lines.push(line);
  const [header, ...rest] = lines;
  if (header !== HEADER || rest.length === 0) return undefined;
  const rows = rest.map((each) => {
    const fields = each.split(',');
    const [when = '', input = '', output = ''] = fields;
    const [day, clock, ...more] = when.split(' ');
    const at = more.length === 0 ? naiveTime(`${day}T${clock}Z`) : undefined;
    const isSound =
      fields.length === 3 &&
      at !== undefined &&
      [input, output].every(
        (digits) => /^[0-9]+$/.test(digits) && digits.length <= 12 && String(Number(digits)) === digits,
      );
    return isSound ? ([at, input, output] as const) : undefined;
  });
  return rows.every((each) => each !== undefined) ? rows : undefined;
}

const shown = ({ time: at, inputTokens, outputTokens }: TraceRow): readonly [string, string, string] => [
  naiveTime(at)!,
  inputTokens,
  outputTokens,
];

export const traceTarget: Target = {
  name: 'trace',
  runs: 1500,
  open: async () => {
    let [read, refused] = [0, 0];
    const property = fc.asyncProperty(file as fc.Arbitrary<unknown>, async (input) => {
      const text = input as string;
      const due = naiveTrace(text);
      let rows: TraceRow[] | undefined;
      try {
        rows = readTrace(text);
      } catch (error) {
        assert.ok(error instanceof TraceUnreadable, String(error));
        assert.match(error.message, /^line [1-9][0-9]* of the trace: /);
      }
      assert.deepEqual(rows?.map(shown), due);
      if (rows === undefined) {
        refused++;
        return;
      }
      read++;
      // Written again it says the same.
      const again = [
        HEADER,
        ...rows.map((each) => [each.time.slice(0, -1).replace('T', ' '), each.inputTokens, each.outputTokens].join()),
      ].join('\n');
      assert.deepEqual(readTrace(again), rows);
    });
    return {
      property,
      verdict: async () => {
        assert.ok(read > refused / 10 && refused > read / 10, `${read} ${refused}`);
        return `${read + refused} files: ${read} read and written again, ${refused} refused`;
      },
      close: async () => undefined,
    };
  },
};
