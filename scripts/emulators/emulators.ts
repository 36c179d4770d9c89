import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type EmulatorName = 'spanner' | 'firestore' | 'pubsub';
export const EMULATORS: readonly EmulatorName[] = ['spanner', 'firestore', 'pubsub'];

/** The variable by which Google's clients find each of them. */
export const HOST_VARIABLE: Readonly<Record<EmulatorName, string>> = {
  spanner: 'SPANNER_EMULATOR_HOST',
  firestore: 'FIRESTORE_EMULATOR_HOST',
  pubsub: 'PUBSUB_EMULATOR_HOST',
};

const PLACE: Readonly<Record<EmulatorName, string>> = {
  spanner: 'bin/cloud_spanner_emulator/emulator_main',
  firestore: 'platform/cloud-firestore-emulator/cloud_firestore_emulator',
  pubsub: 'platform/pubsub-emulator/lib',
};
const UP_MILLISECONDS = 60_000;

/** An emulator that answers. `stop` ends it where it was started here, and leaves it alone where it was told of. */
export interface Emulator {
  readonly host: string;
  stop(): Promise<void>;
}

let root: string | undefined | null = null;

/** Folder of the Google Cloud SDK; undefined where there is none. */
function sdkRoot(): string | undefined {
  if (root !== null) return root;
  try {
    const found = execFileSync('gcloud', ['info', '--format=value(installation.sdk_root)'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 30_000,
    });
    root = found.toString().trim() || undefined;
  } catch {
    // No gcloud is a normal thing: whoever asks says which suites did not run.
    root = undefined;
  }
  return root;
}

function commandOf(
  name: EmulatorName,
  port: number,
): { readonly program: string; readonly args: string[] } | undefined {
  const sdk = sdkRoot();
  const place = sdk === undefined ? undefined : join(sdk, PLACE[name]);
  if (place === undefined || !existsSync(place)) return undefined;
  switch (name) {
    case 'spanner':
      return { program: place, args: ['--host_port', `127.0.0.1:${port}`] };
    case 'firestore':
      return { program: place, args: ['start', '--host=127.0.0.1', `--port=${port}`] };
    case 'pubsub': {
      const jar = readdirSync(place).find((file) => /^cloud-pubsub-emulator-.*\.jar$/.test(file));
      return jar === undefined
        ? undefined
        : { program: 'java', args: ['-jar', join(place, jar), '--host=127.0.0.1', `--port=${port}`] };
    }
  }
}

/** Whether an emulator is running already or could be started here. */
export const isAvailable = (name: EmulatorName): boolean =>
  (process.env[HOST_VARIABLE[name]] ?? '') !== '' || commandOf(name, 0) !== undefined;

/**
 * The emulator that the environment names, or a new one on a free port.
 * @param more arguments of the emulator's own command line; always starts a new one
 * @throws Error where there is none, or it does not come up within a minute
 */
export async function startEmulator(name: EmulatorName, more: readonly string[] = []): Promise<Emulator> {
  const told = process.env[HOST_VARIABLE[name]] ?? '';
  if (told !== '' && more.length === 0) return { host: told, stop: async () => undefined };
  const port = await freePort();
  const command = commandOf(name, port);
  if (command === undefined) throw new Error(`there is no ${name} emulator here: ${HOST_VARIABLE[name]} can name one`);
  // A group of its own: Firestore's is a script that starts a Java process. A folder of its own: some write files where they are.
  const folder = mkdtempSync(join(tmpdir(), `tallystick-${name}-`));
  const child = spawn(command.program, [...command.args, ...more], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const listen = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const stop = (): Promise<void> => end(child, folder);
  const kill = (): void => killGroup(child, 'SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  try {
    await up(name, port, child, () => said);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: `127.0.0.1:${port}`, stop };
}

/** Spanner speaks gRPC only and is ready once its port is; the other two answer HTTP. */
async function up(name: EmulatorName, port: number, child: ChildProcess, said: () => string): Promise<void> {
  const deadline = performance.now() + UP_MILLISECONDS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the ${name} emulator ended at once:\n${said()}`);
    if (performance.now() > deadline) throw new Error(`the ${name} emulator did not come up:\n${said()}`);
    if (name === 'spanner' ? /Cloud Spanner Emulator running/.test(said()) : await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = new Promise((resolve) => child.once('close', resolve));
    killGroup(child, 'SIGTERM');
    const patience = setTimeout(() => killGroup(child, 'SIGKILL'), 5000);
    await closed;
    clearTimeout(patience);
  }
  rmSync(folder, { recursive: true, force: true });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
