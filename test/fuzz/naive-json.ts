/** An object as its members in order; nothing is lost that two readers could read differently. */
export type Naive = string | boolean | null | NumberText | Naive[] | Members;
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
export class Members {
  readonly all: readonly (readonly [name: string, value: Naive])[];
  constructor(all: readonly (readonly [name: string, value: Naive])[]) {
    this.all = all;
  }
  get(name: string): Naive | undefined {
    return this.all.find(([known]) => known === name)?.[1];
  }
  get names(): string[] {
    return this.all.map(([name]) => name);
  }
}

const STRING = /"((?:[^"\\\p{Cc}]|\x7f|[\u0080-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"/uy;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const PROTOTYPES = ['__proto__', 'constructor', 'prototype'];

/**
 * Reads JSON as RFC 8259 has it, then refuses what our grammar refuses beside: another encoding than UTF-8, names twice, half
 * surrogate pairs, more than 8 levels or 256 members, names that reach into prototypes. Slow and plain; it shares nothing with the reader.
 * @returns undefined for what is to be refused
 */
export function naiveJson(bytes: Buffer): { readonly value: Naive } | undefined {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return undefined;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new SyntaxError();
    at += match[0].length;
    return match;
  };
  const literal = (word: string): boolean => {
    if (!text.startsWith(word, at)) return false;
    at += word.length;
    return true;
  };
  const string = (): string => {
    const raw = take(STRING)[1]!;
    const said = raw.replaceAll(/\\(?:u(....)|(.))/gu, (_, hex: string | undefined, letter: string) =>
      hex === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (!said.isWellFormed()) throw new SyntaxError();
    return said;
  };
  const value = (depth: number): Naive => {
    take(SPACE);
    const letter = text[at];
    let found: Naive;
    if (letter === '{' || letter === '[') {
      if (depth === 8) throw new SyntaxError();
      at++;
      found = letter === '{' ? object(depth + 1) : array(depth + 1);
    } else if (letter === '"') found = string();
    else if (literal('true')) found = true;
    else if (literal('false')) found = false;
    else if (literal('null')) found = null;
    else found = new NumberText(take(NUMBER)[0]);
    take(SPACE);
    return found;
  };
  const array = (depth: number): Naive[] => {
    const items: Naive[] = [];
    take(SPACE);
    if (literal(']')) return items;
    do items.push(value(depth));
    while (literal(','));
    if (!literal(']')) throw new SyntaxError();
    return items;
  };
  const object = (depth: number): Members => {
    const all: (readonly [string, Naive])[] = [];
    take(SPACE);
    if (literal('}')) return new Members(all);
    do {
      take(SPACE);
      const name = string();
      take(SPACE);
      if (!literal(':')) throw new SyntaxError();
      if (all.some(([known]) => known === name) || PROTOTYPES.includes(name) || all.length === 256)
        throw new SyntaxError();
      all.push([name, value(depth)]);
    } while (literal(','));
    if (!literal('}')) throw new SyntaxError();
    return new Members(all);
  };
  try {
    const read = value(0);
    return at === text.length ? { value: read } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
