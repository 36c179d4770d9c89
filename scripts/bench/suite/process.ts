import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cpuMicrosOfTree } from '../peers/process-cpu.ts';
import { type BenchStore, CALLER_TOKEN } from './store.ts';

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

  static async launch(store: BenchStore): Promise<SuiteProcess> {
    const child = spawn(process.execPath, [START], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...store.settings, DATA_DIR: store.folder, PORT: '0' },
    });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const listening = new Promise<number>((resolve) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        const port = /listens on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
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

  /** Resident memory now and the most there was since it began or since `forgetPeak`, in bytes. */
  memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
  }

  /** From now on the peak is counted anew (proc_pid_clear_refs(5)). */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
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
