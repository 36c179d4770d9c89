import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, existsSync, globSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

/*
 * A PostgreSQL of the bench's own: new, empty, in a temporary folder, gone afterwards.
 *
 * It is set up as a team would have it. Durability is as it comes (fsync, synchronous_commit and full_page_writes on);
 * memory and log are larger than the defaults, which are from a time of smaller machines.
 */

const SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  listen_addresses: '',
};
/** Names the socket; nobody listens on the network. Said, because both ends would look into `PGPORT` for it. */
const PORT = '5432';
const UP_MILLISECONDS = 60_000;
const DOWN_MILLISECONDS = 30_000;
const ABANDON_MILLISECONDS = 5_000;

export interface PostgresServer {
  /** of a database of its own, over a socket that only this user and root can reach */
  readonly url: string;
  readonly pid: number;
  /** as the program says it, e.g. `postgres (PostgreSQL) 15.14` */
  readonly version: string;
  stop(): Promise<void>;
}

/** Whom the server runs as; undefined for whoever runs this. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: either way the next folder is looked at.
    return false;
  }
};

/** The folder with PostgreSQL's server programs; undefined where there is none. */
function programs(): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/local/bin',
    ...globSync('/usr/lib/postgresql/*/bin').sort().reverse(),
    ...globSync('/usr/pgsql-*/bin').sort().reverse(),
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => isProgram(join(folder, name))));
}

export const hasPostgres = (): boolean => programs() !== undefined;

function accountNamed(name: string): Account | undefined {
  const ask = (flag: '-u' | '-g'): number =>
    Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }).toString());
  try {
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    // No such account here.
    return undefined;
  }
}

/** PostgreSQL refuses to run as root. Then it runs as an account made for it, or as nobody. */
function accountForServer(): Account | undefined {
  if (userInfo().uid !== 0) return undefined;
  const account = accountNamed('postgres') ?? accountNamed('nobody');
  if (account === undefined)
    throw new Error('PostgreSQL does not run as root, and there is no account postgres or nobody to run it as');
  return account;
}

/** Starts a server of its own. @returns undefined where PostgreSQL is not installed */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const bin = programs();
  if (bin === undefined) return undefined;
  const account = accountForServer();
  const folder = await mkdtemp(join(tmpdir(), 'tallystick-postgres-'));
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (child !== undefined) await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    if (account !== undefined) chownSync(folder, account.uid, account.gid);
    const data = join(folder, 'data');
    const run = promisify(execFile);
    const initdb = ['-D', data, '-U', 'bench', '--auth=trust', '-E', 'UTF8', '--no-locale'];
    await run(join(bin, 'initdb'), initdb, { ...account, cwd: folder });
    const version = (await run(join(bin, 'postgres'), ['--version'])).stdout.trim();
    const settings = Object.entries({ ...SETTINGS, unix_socket_directories: folder, port: PORT });
    const args = ['-D', data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    child = spawn(join(bin, 'postgres'), args, { ...account, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    // The socket's folder overrides the host, which stands there only because a URL needs one.
    const url = `postgresql://bench@localhost:${PORT}/postgres?host=${encodeURIComponent(folder)}`;
    abandonAtExit(child, folder);
    await up(child, url);
    return { url, pid: child.pid ?? 0, version, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** For whoever ends without `stop`: immediate shutdown, which ends the processes of all connections, too. */
function abandonAtExit(child: ChildProcess, folder: string): void {
  const abandon = (): void => {
    child.kill('SIGQUIT');
    // Its last act is to remove this file. Nothing asynchronous happens any more, so the wait has to hold up the thread.
    const deadline = performance.now() + ABANDON_MILLISECONDS;
    while (existsSync(join(folder, 'data', 'postmaster.pid')) && performance.now() < deadline)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  child.once('close', () => process.off('exit', abandon));
}

async function up(child: ChildProcess, url: string): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  const deadline = performance.now() + UP_MILLISECONDS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended at once:\n${said}`);
    if (performance.now() > deadline) throw new Error(`PostgreSQL did not come up:\n${said}`);
    if (await answers(url)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    // Not listening yet.
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  // Fast shutdown: connections are ended, the books are closed.
  child.kill('SIGINT');
  const patience = setTimeout(() => child.kill('SIGQUIT'), DOWN_MILLISECONDS);
  await closed;
  clearTimeout(patience);
}
