import type { ChildProcess } from 'node:child_process';

/** Sees to it that a child does not outlive this process, however it ends. */
export function endWithUs(child: ChildProcess): void {
  const end = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
}

/** A signal that nobody hears would end this process without `exit`, and whatever it started would stay. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
}
