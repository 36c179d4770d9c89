import { type LedgerOrigin, parseLedgerOrigin } from '../domain/ids.ts';

/** Everything the environment can say, read once at start. Nothing else reads `process.env`. */
export interface Config {
  /** Folder of the embedded store. */
  readonly dataFolder: string;
  readonly port: number;
  /** Address to listen on; a laptop's suite is nobody else's business. */
  readonly host: string;
  readonly ledgerOrigin: LedgerOrigin;
  /** Begins every invoice number. */
  readonly invoicePrefix: string;
  /** Second part of every API key, so that a test key is never taken for a live one. */
  readonly environment: string;
  readonly sealIntervalSeconds: number;
  readonly rsaBits: 2048 | 3072;
  readonly retentionDays: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Shared secret by which embedded functions know the embedded bus and scheduler; made up at start when empty. */
  readonly callerToken: string;
}

interface Variable<T> {
  readonly name: string;
  readonly meaning: string;
  readonly fallback: string;
  readonly read: (text: string) => T | undefined;
}

const whole =
  (least: number, most: number) =>
  (text: string): number | undefined => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
    return value !== undefined && value >= least && value <= most ? value : undefined;
  };
const matching =
  (pattern: RegExp) =>
  (text: string): string | undefined =>
    pattern.test(text) ? text : undefined;
const oneOf =
  <const T extends string>(...values: T[]) =>
  (text: string): T | undefined =>
    values.find((value) => value === text);

/** One row per variable: its name, what it means, what holds when it is not set, and which values are sound. */
export const VARIABLES: { readonly [K in keyof Config]: Variable<Config[K]> } = {
  dataFolder: {
    name: 'DATA_DIR',
    meaning: 'folder of the embedded store',
    fallback: '.data',
    read: matching(/^.+$/),
  },
  port: { name: 'PORT', meaning: 'TCP port, 0 for any free one', fallback: '8080', read: whole(0, 65535) },
  host: { name: 'HOST', meaning: 'address to listen on', fallback: '127.0.0.1', read: matching(/^[0-9A-Za-z.:-]+$/) },
  ledgerOrigin: {
    name: 'LEDGER_ORIGIN',
    meaning: 'name of the ledger, in every receipt; never changes once receipts exist',
    fallback: 'ledger.localhost/dev',
    read: (text) => {
      try {
        return parseLedgerOrigin(text);
      } catch {
        // The caller says what is wrong with which variable; why exactly is in the variable's meaning.
        return undefined;
      }
    },
  },
  invoicePrefix: {
    name: 'INVOICE_PREFIX',
    meaning: 'begins every invoice number, 1 to 12 characters from A-Z, 0-9 and -',
    fallback: 'INV',
    read: matching(/^[A-Z][A-Z0-9-]{0,11}$/),
  },
  environment: {
    name: 'ENVIRONMENT',
    meaning: 'part of every API key, 1 to 16 characters from a-z and 0-9',
    fallback: 'dev',
    read: matching(/^[a-z][a-z0-9]{0,15}$/),
  },
  sealIntervalSeconds: {
    name: 'SEAL_INTERVAL_SECONDS',
    meaning: 'doorbells within this time of a seal make no new one',
    fallback: '10',
    read: whole(0, 3600),
  },
  rsaBits: {
    name: 'RSA_BITS',
    meaning: 'size of new signing keys, 3072 or 2048',
    fallback: '3072',
    read: (text) => (text === '3072' ? 3072 : text === '2048' ? 2048 : undefined),
  },
  retentionDays: {
    name: 'RETENTION_DAYS',
    meaning: 'days during which the vault deletes nothing',
    fallback: '2557',
    read: whole(0, 36_525),
  },
  logLevel: {
    name: 'LOG_LEVEL',
    meaning: 'debug, info, warn, error or silent',
    fallback: 'info',
    read: oneOf('debug', 'info', 'warn', 'error', 'silent'),
  },
  callerToken: {
    name: 'CALLER_TOKEN',
    meaning: 'secret between embedded bus, scheduler and functions, at least 32 characters; empty makes one up',
    fallback: '',
    read: matching(/^(?:|[A-Za-z0-9_-]{32,256})$/),
  },
};

/** The environment is not sound. One message names every variable that is wrong, without repeating its value. */
export class ConfigWrong extends Error {
  constructor(complaints: readonly string[]) {
    super(`the configuration is not sound:\n${complaints.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigWrong';
  }
}

/** @throws ConfigWrong */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const complaints: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries(VARIABLES)) {
    const value = variable.read(environment[variable.name] ?? variable.fallback);
    if (value === undefined) complaints.push(`${variable.name}: ${variable.meaning}`);
    config[key] = value;
  }
  if (complaints.length > 0) throw new ConfigWrong(complaints);
  return config as unknown as Config;
}
