import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cpuMicrosOfTree } from '../peers/process-cpu.ts';
import { endWithUs } from './children.ts';
import { type BenchStore, CALLER_TOKEN } from './store.ts';

/**
 * As in the script `start`: what a request leaves behind dies young, and a larger nursery only holds more of it; and what is left may
 * grow by 80 percent before it is collected, not to a multiple.
 */
const HEAP = ['--max-semi-space-size=16', '--heap-growing-percent=80'];
const START = fileURLToPath(new URL('../../start.ts', import.meta.url));

/** The suite as a process of its own, as `npm start` runs it. */
export class SuiteProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<[number | null, string | null]>;

  private constructor(child: ChildProcess, port: number, ended: Promise<[number | null, string | null]>) {
    this.#child = child;
    this.port = port;
    this.#ended = ended;
  }

  /** @param heard told of each line that the suite prints; then its garbage collections are among them (`--trace-gc`) */
  static async launch(store: BenchStore, heard?: (line: string) => void): Promise<SuiteProcess> {
    const child = spawn(process.execPath, [...HEAP, ...(heard === undefined ? [] : ['--trace-gc']), START], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...store.settings, DATA_DIR: store.folder, PORT: '0' },
    });
    endWithUs(child);
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const listening = new Promise<number>((resolve) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        const port = /listens on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
        heard?.(line);
      });
    });
    const port = await Promise.race([
      listening,
      ended.then(([code]) => Promise.reject(new Error(`the suite ended with ${code} before it listened`))),
    ]);
    return new SuiteProcess(child, port, ended);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** CPU time of the suite and of every process it started. */
  cpuMicros(): number {
    return cpuMicrosOfTree(this.pid);
  }

  /**
   * Resident memory of the suite and of every process it started, in bytes: now, and the most of each since it began or since
   * `forgetPeak`.
   */
  memory(): { readonly now: number; readonly peak: number } {
    let now = 0;
    let peak = 0;
    for (const pid of treeOf(this.pid)) {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      const bytes = (name: string): number =>
        Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
      now += bytes('VmRSS');
      peak += bytes('VmHWM');
    }
    return { now, peak };
  }

  /** From now on the peak is counted anew (proc_pid_clear_refs(5)). */
  forgetPeak(): void {
    for (const pid of treeOf(this.pid)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
  }

  /** Calls a job as the scheduler does. */
  async job(path: string): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.port}/_functions/${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${CALLER_TOKEN}` },
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }

  /** Stops it with SIGTERM. @returns its exit status; 137 where it had to be killed */
  async stop(): Promise<number> {
    this.#child.kill('SIGTERM');
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), 60_000);
    const [code, signal] = await this.#ended;
    clearTimeout(patience);
    return code ?? (signal === 'SIGKILL' ? 137 : 1);
  }
}

/** A process and all that descend from it. */
function treeOf(root: number): number[] {
  const found: number[] = [];
  const left = [root];
  for (let pid = left.pop(); pid !== undefined; pid = left.pop()) {
    found.push(pid);
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1');
      left.push(...(children.match(/\d+/g) ?? []).map(Number));
    }
  }
  return found;
}
