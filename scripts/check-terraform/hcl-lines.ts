/** Where something begins: `path` are block types, labels and argument names from the file down. */
export interface Line {
  readonly path: readonly string[];
  readonly line: number;
}

/**
 * Finds where blocks and arguments begin. hcl2json does not tell, and `terraform fmt` leaves one per line, which is all
 * that this reading relies on. Heredocs are skipped; comments are.
 */
export function linesOf(text: string): Line[] {
  const found: Line[] = [];
  const open: (readonly string[])[] = [];
  let heredoc: string | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (heredoc !== undefined) {
      if (line === heredoc) heredoc = undefined;
      continue;
    }
    if (line === '' || line.startsWith('#') || line.startsWith('//')) continue;
    const code = withoutStrings(line);
    const names = namesOf(line);
    if (names.length > 0) found.push({ path: [...open.flat(), ...names], line: index + 1 });
    const opened = count(code, /[{[(]/g) - count(code, /[}\])]/g);
    // What stands before the first bracket names all that the line opens; further ones are of its expression.
    for (let at = 0; at < opened; at++) open.push(at === 0 ? names : []);
    for (let at = opened; at < 0; at++) open.pop();
    heredoc = /<<[-~]?(\w+)\s*$/.exec(line)?.[1];
  }
  return found;
}

/** `resource "google_x" "main" {` is three names, `name = ...` and `"key" = ...` one. */
function namesOf(line: string): string[] {
  const argument = /^(?:"([^"]+)"|([\w-]+))\s*=(?!=|>)/.exec(line);
  if (argument !== null) return [argument[1] ?? argument[2]!];
  const block = /^([\w-]+)((?:\s+"[^"]*")*)\s*\{/.exec(line);
  if (block === null) return [];
  return [block[1]!, ...[...block[2]!.matchAll(/"([^"]*)"/g)].map(([, label]) => label!)];
}

// Brackets inside quotes and after a comment sign open nothing.
const withoutStrings = (line: string): string => line.replace(/"(?:\\.|[^"\\])*"/g, '""').replace(/(#|\/\/).*$/, '');

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/**
 * The line of an argument inside a block, of the nearest enclosing block where it is not written down, or 1.
 * @param head what the block begins with: `['resource', 'google_x', 'main']`
 * @param path the argument's path below it; of repeated blocks the `occurrence`th has it
 */
export function lineOf(
  lines: readonly Line[],
  head: readonly string[],
  path: readonly string[],
  occurrence = 0,
): number {
  for (let length = path.length; length >= 0; length--) {
    const wanted = [...head, ...path.slice(0, length)].join('\n');
    // `dynamic "x" { content {` stands for a block x.
    const fitting = lines.filter((line) => withoutDynamic(line.path).join('\n') === wanted);
    const found = fitting[occurrence] ?? fitting[0];
    if (found !== undefined) return found.line;
  }
  return 1;
}

const withoutDynamic = (path: readonly string[]): readonly string[] =>
  path.includes('dynamic')
    ? path.filter((name, at) => name !== 'dynamic' && !(name === 'content' && path[at - 2] === 'dynamic'))
    : path;
