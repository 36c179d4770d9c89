import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/emulators/emulators.ts';

const FRAMEWORK = fileURLToPath(
  new URL('../../node_modules/@google-cloud/functions-framework/build/src/main.js', import.meta.url),
);

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A function in a process of its own, started by the Functions Framework's own command line. */
export class FrameworkProcess {
  readonly url: string;
  readonly port: number;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #output = '';
  #errors = '';

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Ended);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  /** @param source file that registers the target, from the root of the project */
  static async spawn(
    source: string,
    target: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<FrameworkProcess> {
    const port = await freePort();
    const file = fileURLToPath(new URL(`../../${source}`, import.meta.url));
    const { PATH = '', HOME = '', NODE_V8_COVERAGE } = process.env;
    const child = spawn(process.execPath, [FRAMEWORK, `--target=${target}`, `--source=${file}`, `--port=${port}`], {
      // Nothing of the environment that the tests themselves were started with.
      env: { PATH, HOME, ...(NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE }), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new FrameworkProcess(child, port);
  }

  /** As `spawn`, once it takes connections. */
  static async start(...given: Parameters<typeof FrameworkProcess.spawn>): Promise<FrameworkProcess> {
    const running = await FrameworkProcess.spawn(...given);
    await running.until('takes connections', () => answers(running.port));
    return running;
  }

  /** What it wrote to standard output. */
  get output(): string {
    return this.#output;
  }

  /** What it wrote to standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** Lines of its log by their sentence; what is no line of JSON comes as `{ text }`. */
  get lines(): readonly Readonly<Record<string, unknown>>[] {
    return this.#errors
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        try {
          return JSON.parse(line) as Record<string, unknown>;
        } catch {
          return { text: line };
        }
      });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for something to be true of it. @throws Error when it has ended, or after ten seconds */
  async until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!(await isTrue())) {
      const isGone = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (isGone || performance.now() > deadline) throw new Error(`not ${what}: ${this.#output}${this.#errors}`);
      await sleep(10);
    }
  }

  /** Ends it whatever it is doing, unless it has ended. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
