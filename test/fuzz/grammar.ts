import fc from 'fast-check';

/** A JSON text as a tree of which every leaf is written as it stands, so that what is no JSON can be written, too. */
export type Written =
  | { readonly raw: string }
  | { readonly list: readonly Written[] }
  | { readonly members: readonly (readonly [name: string, value: Written])[] };

export const text = (value: string): Written => ({ raw: JSON.stringify(value) });

/** How a text is spelt: blanks, and which letters stand behind escapes. */
export interface Spelling {
  readonly blank: string;
  /** every so many letters of a string one is escaped; 0 for none */
  readonly escapeEvery: number;
}
export const PLAIN_SPELLING: Spelling = { blank: '', escapeEvery: 0 };
export const spelling: fc.Arbitrary<Spelling> = fc.record({
  blank: fc.constantFrom('', '', ' ', '\n', '\t\r\n '),
  escapeEvery: fc.constantFrom(0, 0, 0, 1, 3),
});

export function write(value: Written, how: Spelling): string {
  const { blank, escapeEvery } = how;
  if ('raw' in value) return value.raw.startsWith('"') ? escaped(value.raw, escapeEvery) : value.raw;
  const parts =
    'list' in value
      ? value.list.map((item) => write(item, how))
      : value.members.map(
          ([name, item]) => `${escaped(JSON.stringify(name), escapeEvery)}${blank}:${blank}${write(item, how)}`,
        );
  const [open, close] = 'list' in value ? '[]' : '{}';
  return `${open}${blank}${parts.join(`${blank},${blank}`)}${blank}${close}`;
}

function escaped(lexeme: string, every: number): string {
  if (every === 0) return lexeme;
  let count = 0;
  return lexeme.replaceAll(/\\(?:u....|.)|[A-Za-z0-9_:.+-]/g, (piece) =>
    piece.length > 1 || ++count % every !== 0 ? piece : `\\u${piece.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Values that stand where another was meant. */
const odd: fc.Arbitrary<Written> = fc.oneof(
  fc
    .constantFrom(
      ...[
        'null',
        'true',
        '0',
        '1',
        '-0',
        '1e400',
        '9007199254740993',
        '[]',
        '{}',
        '""',
        '"\\ud800"',
        '"\\u0000"',
        '"__proto__"',
      ],
      ...[
        'NaN',
        '01',
        '.5',
        "'x'",
        '"\t"',
        '"\\x"',
        '[1,]',
        '{"a":1,"a":2}',
        '{"__proto__":1}',
        '[[[[[[[[1]]]]]]]]',
        '',
      ],
    )
    .map((raw) => ({ raw })),
  fc.string({ unit: 'binary', maxLength: 12 }).map(text),
  fc.string({ unit: 'grapheme', maxLength: 300 }).map(text),
);

const field = <T extends string>(...sound: readonly T[]): fc.Arbitrary<Written> =>
  fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...sound).map(text) }, { weight: 1, arbitrary: odd });

const quantity = fc.oneof(
  { weight: 6, arbitrary: field('1', '12.5', '0.000000000001', '99999999999999999999', '7') },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        fc.constantFrom(
          '0',
          '-1',
          '+1',
          '1e3',
          ' 1',
          '1.',
          '.5',
          '01',
          '1_0',
          '\u0661',
          '1.0',
          '0.0',
          '123456789012345678901',
          '0.1234567890123',
        ),
        fc.stringMatching(/^[-+]?[0-9]{0,22}(\.[0-9]{0,14})?(e[0-9])?$/),
      )
      .map(text),
  },
);
const two = (value: number): string => String(value).padStart(2, '0');
const time = fc.oneof(
  {
    weight: 8,
    arbitrary: field(
      '2026-03-10T11:59:59Z',
      '2026-03-09t10:00:00z',
      '2026-03-10T13:00:00.5+02:00',
      '2026-03-01T00:00:01.123456789-00:00',
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('2026', '2024', '0000', '9999', '1970', '+2026', '26'),
        fc.nat(13),
        fc.nat(32),
        fc.nat(25),
        fc.nat(61),
        fc.nat(61),
        fc.constantFrom('', '.', '.1', '.123456', '.1234567890'),
        fc.constantFrom('Z', 'z', '', '+00:00', '-00:00', '+23:59', '+24:00', '+0100', '+01', '-12:00', '+01:60'),
      )
      .map(([year, month, day, hour, minute, second, fraction, zone]) =>
        text(`${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${fraction}${zone}`),
      ),
  },
);
const key = fc.oneof(
  { weight: 12, arbitrary: fc.uuid().map(text) },
  { weight: 3, arbitrary: fc.constantFrom('again', 'and again', 'Größe №', '😀').map(text) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('', '\u2028', '\u202e', 'a\0', 'k'.repeat(255), 'k'.repeat(256), '😀'.repeat(255))
      .map(text),
  },
  { weight: 1, arbitrary: odd },
);
const properties = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .dictionary(
        fc.constantFrom('user', 'region', 'a', 'A_1', 'z'.repeat(63)),
        fc.oneof({ weight: 20, arbitrary: fc.string({ maxLength: 8 }).map(text) }, { weight: 1, arbitrary: odd }),
        { maxKeys: 4, noNullPrototype: true },
      )
      .map((found): Written => ({ members: Object.entries(found) })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Written>(
      ...['__x__', '1a', 'a-b', 'toString', 'quantity', 'z'.repeat(64)].map(
        (name): Written => ({ members: [[name, text('x')]] }),
      ),
      { members: Array.from({ length: 51 }, (_, i) => [`p${i}`, text('x')] as const) },
      { members: [['user', text('x'.repeat(501))]] },
    ),
  },
  { weight: 1, arbitrary: odd },
);

/** Some members of a form in any order, now and then one twice, one more or one less. */
function formOf(
  members: Readonly<Record<string, fc.Arbitrary<Written>>>,
  optional: readonly string[],
  more: readonly string[],
): fc.Arbitrary<Written> {
  const record = fc.record(members, {
    requiredKeys: Object.keys(members).filter((name) => !optional.includes(name)),
    noNullPrototype: true,
  });
  const damage = fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...more, ...Object.keys(members)), odd) },
    { weight: 1, arbitrary: fc.nat(8) },
  );
  return fc.tuple(record, damage, fc.infiniteStream(fc.nat(1000))).map(([found, change, order]): Written => {
    let all = Object.entries(found as Record<string, Written>);
    if (Array.isArray(change)) all.push(change as [string, Written]);
    else if (typeof change === 'number') all = all.filter((_, i) => i !== change);
    const keyed = all.map((member) => [order.next().value as number, member] as const);
    return { members: keyed.sort(([a], [b]) => a - b).map(([, member]) => member) };
  });
}

const metric = field('api_calls', 'api_calls', 'requests', 'users');
export const plainEvent = formOf(
  {
    idempotency_key: key,
    metric_name: metric,
    quantity,
    timestamp: time,
    organization_id: field('acme', 'acme', 'acme', 'umbrella'),
    subscription_id: field('main'),
    properties,
  },
  ['organization_id', 'subscription_id', 'properties'],
  ['__proto__', 'constructor', 'price', 'Quantity', 'tenant', ''],
);
export const cloudEvent = formOf(
  {
    ...{
      specversion: field('1.0'),
      id: key,
      source: field('urn:a', '/b', 'urn:tallystick:usage'),
      type: metric,
      time,
      subject: field('main'),
    },
    ...{ datacontenttype: field('application/json'), dataschema: field('urn:s'), traceparent: odd },
    data: fc
      .tuple(quantity, properties)
      .map(
        ([amount, rest]): Written => ('members' in rest ? { members: [['quantity', amount], ...rest.members] } : rest),
      ),
  },
  ['subject', 'datacontenttype', 'dataschema', 'traceparent'],
  ['__proto__', 'data_base64', 'Time', 'a'.repeat(21), ''],
);

/** A body: one event or some, mostly sound JSON, now and then cut, continued or changed in one byte. */
export const bodyOf = (event: fc.Arbitrary<Written>): fc.Arbitrary<Buffer> => {
  const tree = fc.oneof(
    { weight: 3, arbitrary: event },
    {
      weight: 4,
      arbitrary: fc
        .array(fc.oneof({ weight: 12, arbitrary: event }, { weight: 1, arbitrary: odd }), { maxLength: 5 })
        .map((list): Written => ({ list })),
    },
  );
  const damage = fc.oneof(
    { weight: 14, arbitrary: fc.constant<readonly [string, number, number]>(['', 0, 0]) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('cut', 'flip', 'behind', 'before'), fc.nat(2000), fc.nat(255)) },
  );
  return fc.tuple(tree, spelling, damage).map(([written, how, [what, at, byte]]) => {
    const bytes = Buffer.from(write(written, how), 'utf8');
    const place = bytes.length === 0 ? 0 : at % bytes.length;
    if (what === 'cut') return bytes.subarray(0, place);
    if (what === 'behind') return Buffer.concat([bytes, Buffer.from([byte])]);
    if (what === 'before') return Buffer.concat([Buffer.from([byte]), bytes]);
    if (what === 'flip' && bytes.length > 0) bytes[place]! ^= byte;
    return bytes;
  });
};
