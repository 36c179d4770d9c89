import { channel } from 'node:diagnostics_channel';
import fs from 'node:fs';
import { FileKeyWrapper } from '../../shared/adapters/local/key-wrapper.ts';

/** What a text may show nobody: each is looked for in every line that is logged, every refusal and every attribute of telemetry. */
const SECRETS: Readonly<Record<string, RegExp>> = {
  'an API key': /tsk_[a-z][a-z0-9]{0,15}_[a-z]{2,8}_[a-z0-9]{16}_[\w-]{20,}/,
  'a token': /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/,
  'a credential': /\b(?:Bearer|Basic) (?!\[secret\])[\w.~+/=-]{16,}/i,
  'a private key': /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/,
  'a signed address': /X-Goog-Signature=(?!\[secret\])[^&\s"']+/i,
};

/** People and numbers that the tests' customers are known by: made up, and to be seen on documents and nowhere else. */
export const CANARIES: readonly string[] = [
  ...['rosalind.franklin@lab.example', 'rosalind@lab.example', 'jane.doe@example.com', 'billing@wintergruen.example'],
  ...['Lindenallee 7', 'Wintergrün', 'Northwind Metering GmbH', 'Acme GmbH', 'Ωμέγα Μετρήσεις'],
  ...['DE136695976', 'GB980780684', 'FR40303265045', 'ATU13585627'],
];

/** 32 bytes as base64, as base64url or in hexadecimal: a data key or a salt looks so, and so does every hash. */
const BYTES = /[0-9a-f]{64}|[A-Za-z0-9_+/-]{43}=?/g;

/** Looks through texts for what they must not show. */
export class LeakWatch {
  /** what was found: where, what, and the text around it with the secret itself left out */
  readonly findings: string[] = [];
  /** lines that were looked through, by where they came from */
  readonly looked = new Map<string, number>();
  readonly #keys = new Set<string>();
  readonly #canary = new RegExp(CANARIES.join('|'));

  /** From now on no text may show these bytes. */
  guard(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes);
    for (const encoding of ['base64', 'base64url', 'hex'] as const) this.#keys.add(buffer.toString(encoding));
  }

  /** @param source e.g. `log`, `refusal`, `telemetry` */
  look(source: string, text: string): void {
    this.looked.set(source, (this.looked.get(source) ?? 0) + 1);
    for (const [what, pattern] of Object.entries(SECRETS)) {
      if (pattern.test(text)) this.#find(source, what, text.replace(pattern, '...'));
    }
    if (this.#canary.test(text)) this.#find(source, 'personal data', text);
    for (const [token] of text.matchAll(BYTES)) {
      if (this.#keys.has(token)) this.#find(source, 'a data key', text.replaceAll(token, '...'));
    }
  }

  #find(source: string, what: string, text: string): void {
    if (this.findings.length < 20) this.findings.push(`${source}: ${what}: ${text.slice(0, 400)}`);
  }
}

/** The watch of this run. */
export const leaks = new LeakWatch();

/** Whoever came last hears alone: what a test plants is its own affair. */
const listening: LeakWatch[] = [];

/** Puts the watch at every way on which this process and those it starts log. @returns a function that takes it away */
export function watchLogs(watch: LeakWatch): () => void {
  listening.push(watch);
  const isListening = (): boolean => listening.at(-1) === watch;
  const { writeSync } = fs;
  // The log writes with one call per line (shared/edge/log.ts).
  const watching = (fd: number, text: unknown, ...more: unknown[]): number => {
    if (fd === 2 && isListening()) watch.look('log', String(text));
    return Reflect.apply(writeSync, fs, [fd, text, ...more]);
  };
  Object.assign(fs, { writeSync: watching });

  const onChild = (message: unknown): void => {
    if (!isListening()) return;
    const { process: child } = message as { readonly process: { readonly stderr?: NodeJS.ReadableStream | null } };
    // Announced before its streams are there; nothing is read of them before the loop comes round.
    queueMicrotask(() => {
      if (child.stderr !== null && child.stderr !== undefined) tap(child.stderr, watch);
    });
  };
  channel('child_process').subscribe(onChild);

  const { unwrap } = FileKeyWrapper.prototype;
  FileKeyWrapper.prototype.unwrap = async function (this: FileKeyWrapper, ...args) {
    const key = await unwrap.apply(this, args);
    watch.guard(key);
    return key;
  };
  return () => {
    listening.splice(listening.indexOf(watch), 1);
    Object.assign(fs, { writeSync });
    channel('child_process').unsubscribe(onChild);
    FileKeyWrapper.prototype.unwrap = unwrap;
  };
}

/** Looks at what a stream brings, line by line, and leaves it to whoever reads it. */
function tap(stream: NodeJS.ReadableStream, watch: LeakWatch): void {
  const readable = stream as unknown as { push: (chunk: Buffer | string | null, encoding?: BufferEncoding) => boolean };
  const push = readable.push.bind(stream);
  let rest = '';
  readable.push = (chunk, encoding) => {
    const lines = (rest + (chunk ?? '\n').toString()).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line !== '') watch.look('log of a process', line);
    return push(chunk, encoding);
  };
}
