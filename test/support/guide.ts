import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** One command block of a guide, as it stands there. */
export interface Step {
  /** the heading it stands under */
  readonly heading: string;
  readonly commands: string;
  /** what the guide says is printed: the fenced block right after it */
  readonly prints: { readonly kind: 'json' | 'text'; readonly text: string } | undefined;
  /** what a reader has to wait for first: a comment of the page, `<!-- wait: … -->` */
  readonly wait: string | undefined;
  readonly line: number;
}

const FENCE = /^```(\w*)$/;

/** The command blocks of a page, in order. */
export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = [];
  let heading = '';
  let wait: string | undefined;
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    wait = /^<!-- wait: (.*) -->$/.exec(line)?.[1] ?? wait;
    const language = FENCE.exec(line)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    const text = lines.slice(at + 1, end).join('\n');
    const last = steps.at(-1);
    if (language === 'sh') {
      steps.push({ heading, commands: text, prints: undefined, wait, line: at + 1 });
      wait = undefined;
    } else if ((language === 'json' || language === 'text') && last?.heading === heading && isBeside(lines, at)) {
      steps[steps.length - 1] = { ...last, prints: { kind: language, text } };
    }
    at = end;
  }
  return steps;
}

/** Whether a fence follows another with nothing but empty lines between. */
const isBeside = (lines: readonly string[], at: number): boolean =>
  lines.slice(0, at).findLast((line) => line !== '') === '```';

/** One shell for a whole page, so that a variable set in one block is there in the next. */
export class Shell {
  readonly #bash: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #complaints = '';
  #blocks = 0;

  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.#bash = spawn('bash', ['-euo', 'pipefail'], { cwd: folder, env: { ...process.env, ...env } });
    this.#lines = createInterface(this.#bash.stdout)[Symbol.asyncIterator]();
    this.#bash.stderr.on('data', (chunk: Buffer) => (this.#complaints += chunk.toString()));
  }

  /** Runs a block. @returns what it printed @throws Error where a command of it fails */
  async run(commands: string): Promise<string> {
    const end = `end of block ${++this.#blocks}`;
    this.#complaints = '';
    this.#bash.stdin.write(`{\n${commands}\n} </dev/null\nprintf '\\n%s\\n' '${end}'\n`);
    const printed: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`a command fails: ${this.#complaints.trim()}\n${printed.join('\n')}`);
      if (value === end) return printed.join('\n').trim();
      printed.push(value);
    }
  }

  close(): void {
    this.#bash.stdin.end();
    this.#bash.kill();
  }
}

const ANYTHING = '…';

/**
 * What is not as the guide says; undefined where everything is. `…` stands for any value, as a member's name for more
 * members, as a list's last item for more items, inside a text for any characters.
 */
export function difference(said: unknown, found: unknown, path = ''): string | undefined {
  if (said === ANYTHING) return undefined;
  const differs = `${path === '' ? 'it' : path} is ${JSON.stringify(found)}, not ${JSON.stringify(said)}`;
  if (typeof said === 'string' && typeof found === 'string') return isLike(said, found) ? undefined : differs;
  if (Array.isArray(said)) {
    if (!Array.isArray(found)) return differs;
    const isOpen = said.at(-1) === ANYTHING;
    const items = isOpen ? said.slice(0, -1) : said;
    if (isOpen ? found.length < items.length : found.length !== items.length) return differs;
    return first(items.map((item, i) => difference(item, found[i], `${path}[${i}]`)));
  }
  if (typeof said !== 'object' || said === null) return said === found ? undefined : differs;
  if (typeof found !== 'object' || found === null) return differs;
  const { [ANYTHING]: open, ...members } = said as Record<string, unknown>;
  const more = Object.keys(found).filter((name) => !(name in members));
  if (open === undefined && more.length > 0) return `${path} has ${more.join(', ')}, of which the guide says nothing`;
  return first(
    Object.entries(members).map(([name, value]) =>
      difference(value, (found as Record<string, unknown>)[name], `${path}.${name}`),
    ),
  );
}

/** The same for printed text. */
export const isLike = (said: string, found: string): boolean => {
  const parts = said.split(ANYTHING).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`).test(found);
};

const first = (differences: readonly (string | undefined)[]): string | undefined =>
  differences.find((one) => one !== undefined);
