import { readdirSync, readFileSync } from 'node:fs';

// Linux counts in hundredths of a second wherever it tells user space (USER_HZ), whatever the kernel's own tick is.
const MICROS_PER_TICK = 10_000;

interface Process {
  readonly parent: number;
  /** user and system time of the process and of its children that have ended and been waited for */
  readonly cpuMicros: number;
}

function processOf(pid: string): Process | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    // It ended between listing and reading; its parent counts it now.
    return undefined;
  }
  // The name stands in parentheses and may hold anything; what follows its last one is numbers (proc_pid_stat(5)).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  return { parent: Number(fields[1]), cpuMicros: ticks * MICROS_PER_TICK };
}

/** The process that started this one. Linux only. @throws Error where there is no such process */
export function parentOf(pid: number): number {
  const found = processOf(String(pid));
  if (found === undefined) throw new Error(`there is no process ${pid} on this machine`);
  return found.parent;
}

/**
 * CPU time of a process and all its descendants, those that ended included. Linux only.
 *
 * A peer pays with every process that works for it: PostgreSQL does so in one per connection and a few of its own.
 */
export function cpuMicrosOfTree(root: number): number {
  const all = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    const found = /^[0-9]+$/.test(name) ? processOf(name) : undefined;
    if (found !== undefined) all.set(Number(name), found);
  }
  const children = Map.groupBy(all.keys(), (pid) => all.get(pid)?.parent ?? 0);
  let micros = 0;
  const left = [root];
  for (let pid = left.pop(); pid !== undefined; pid = left.pop()) {
    micros += all.get(pid)?.cpuMicros ?? 0;
    left.push(...(children.get(pid) ?? []));
  }
  return micros;
}
