import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** There is no `terraform` on the machine. */
export class NoTerraform extends Error {
  constructor(binary: string) {
    super(`${binary} is not installed: https://developer.hashicorp.com/terraform/install (1.11 or later)`);
    this.name = 'NoTerraform';
  }
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A message of Terraform, of `-json`. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly summary: string;
  readonly detail: string;
  readonly address?: string;
  /** `filename` is relative to where Terraform ran. */
  readonly range?: { readonly filename: string; readonly start: { readonly line: number } };
}

/** The genuine CLI, with a surrounding of its own: nothing of the caller's settings, no network, no question asked. */
export class Terraform {
  readonly #binary: string;
  readonly #environment: Readonly<Record<string, string>>;

  /** @param folder where an empty CLI configuration is put @param reattach of the stand-in provider */
  constructor(folder: string, reattach: string, binary = 'terraform') {
    // A file named by the environment may not exist, and then every command warns.
    const settings = join(folder, 'empty.tfrc');
    writeFileSync(settings, '');
    this.#binary = binary;
    this.#environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      TF_CLI_CONFIG_FILE: settings,
      TF_REATTACH_PROVIDERS: reattach,
      TF_IN_AUTOMATION: '1',
      TF_INPUT: '0',
      CHECKPOINT_DISABLE: '1',
      // Whoever asks a registry all the same is refused at once instead of after a minute.
      HTTPS_PROXY: 'http://127.0.0.1:9',
    };
  }

  /** @throws NoTerraform */
  run(cwd: string, ...args: readonly string[]): Promise<Ran> {
    return new Promise((done, failed) => {
      const child = spawn(this.#binary, args, { cwd, env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
      const [out, err]: [Buffer[], Buffer[]] = [[], []];
      child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
      child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
      child.on('error', (error) =>
        failed('code' in error && error.code === 'ENOENT' ? new NoTerraform(this.#binary) : error),
      );
      child.on('close', (code) => done({ code: code ?? 1, out: text(out), err: text(err) }));
    });
  }

  /** `1.11.4` @throws NoTerraform */
  async version(cwd: string): Promise<string> {
    const { out } = await this.run(cwd, 'version', '-json');
    return (JSON.parse(out) as { readonly terraform_version: string }).terraform_version;
  }
}

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');

/** What a command with `-json` printed, line by line; lines that are no JSON are left out. */
export function* jsonLines(out: string): Generator<Record<string, unknown>> {
  for (const line of out.split('\n')) {
    if (!line.startsWith('{')) continue;
    yield JSON.parse(line) as Record<string, unknown>;
  }
}

/** The diagnostics among the lines of `init`, `plan` or `test`. */
export const diagnosticsOf = (out: string): Diagnostic[] =>
  [...jsonLines(out)].flatMap((line) =>
    typeof line['diagnostic'] === 'object' ? [line['diagnostic'] as Diagnostic] : [],
  );
