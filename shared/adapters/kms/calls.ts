import { KeyManagementServiceClient } from '@google-cloud/kms';
import { credentials, status } from '@grpc/grpc-js';
import { TryAgain } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Entropy } from '../../ports/entropy.ts';

const ATTEMPTS = 4;
const FIRST_WAIT_MILLISECONDS = 200;
const ATTEMPTS_AT_DAMAGE = 3;
/** Quotas are refilled by the minute; anything else that may pass is a matter of seconds. */
const RETRY_AFTER_QUOTA_SECONDS = 30;
const RETRY_AFTER_SECONDS = 5;
const PASSING: ReadonlySet<unknown> = new Set([
  status.RESOURCE_EXHAUSTED,
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
]);

export interface KmsCallsOptions {
  /** host:port of a double, spoken to without TLS and without credentials; Cloud KMS itself where absent. */
  readonly endpoint?: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly callMilliseconds: number;
}

/** Passed on with every call. */
export interface CallLimits {
  readonly timeout: number;
  readonly retry: null;
}

/** One call as the client answers it: the answer first, what else it knows after it. */
export type Ask<T> = (client: KeyManagementServiceClient, limits: CallLimits) => Promise<readonly [T, ...unknown[]]>;

/** Cloud KMS answered that it will not. Repeating the call changes nothing. */
export class KmsRefused extends Error {
  readonly code: unknown;

  constructor(what: string, code: unknown, details: string) {
    super(`Cloud KMS does not ${what}: ${details}`);
    this.name = 'KmsRefused';
    this.code = code;
  }
}

/** Calls to Cloud KMS: bounded in time, repeated a few times where that may help, never repeated where it may do harm. */
export class KmsCalls {
  readonly #options: KmsCallsOptions;
  readonly #limits: CallLimits;
  #client: KeyManagementServiceClient | undefined;

  constructor(options: KmsCallsOptions) {
    this.#options = options;
    // The client's own retries know no clock but the machine's and may take ten minutes.
    this.#limits = { timeout: options.callMilliseconds, retry: null };
  }

  /**
   * Repeats a call that changes nothing, with growing waits, while its failure may pass.
   * @param what what is asked for, as an infinitive
   * @throws TryAgain when it has not passed; KmsRefused
   */
  async repeat<T>(what: string, ask: Ask<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(what, ask);
      } catch (error) {
        if (!(error instanceof TryAgain) || attempt === ATTEMPTS) throw error;
        await this.wait(this.#jittered(FIRST_WAIT_MILLISECONDS * 2 ** (attempt - 1)));
      }
    }
  }

  /** @throws TryAgain where nobody knows whether the call was carried out; KmsRefused */
  async once<T>(what: string, ask: Ask<T>): Promise<T> {
    try {
      const [answer] = await ask(await this.#ready(), this.#limits);
      return answer;
    } catch (error) {
      // The error itself stays here: it carries the request's metadata, and those of authentication their tokens.
      const { code, details, message } = error as { code?: unknown; details?: string; message?: string };
      const said = `${status[code as status] ?? ''} ${details ?? message ?? ''}`.trim();
      if (!PASSING.has(code)) throw new KmsRefused(what, code, said);
      const seconds = code === status.RESOURCE_EXHAUSTED ? RETRY_AFTER_QUOTA_SECONDS : RETRY_AFTER_SECONDS;
      throw new TryAgain(`Cloud KMS does not ${what} now: ${said}`, seconds);
    }
  }

  /**
   * Repeats a call until its request and its answer came through whole: Cloud KMS asks its callers to discard an answer whose
   * checksums do not fit, and to repeat a limited number of times (service.proto, `AsymmetricSignRequest` and its response).
   * @param damageOf what is wrong with an answer, undefined where nothing is
   */
  async intact<T>(what: string, ask: Ask<T>, damageOf: (answer: T) => string | undefined): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.repeat(what, ask).catch(damagedRequest);
      const damage = answer instanceof KmsRefused ? answer.message : damageOf(answer);
      if (damage === undefined) return answer as T;
      if (attempt === ATTEMPTS_AT_DAMAGE) {
        throw new Error(`Cloud KMS was asked ${ATTEMPTS_AT_DAMAGE} times to ${what}: ${damage}`);
      }
    }
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(milliseconds, resolve));
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.close();
  }

  /** Half of the wait and some of the other half, so that instances that failed together do not return together. */
  #jittered(milliseconds: number): number {
    const [high = 0, low = 0] = this.#options.entropy.bytes(2);
    return (milliseconds / 2) * (1 + (high * 256 + low) / 65_536);
  }

  /**
   * The client with its channel. It is made anew after a failure, because a client remembers a failed start for ever; and it
   * is started here, because a call that starts it throws the failure where nobody can catch it as well
   * (`this.initialize().catch(err => { throw err; })` in @google-cloud/kms 6.3.0).
   */
  async #ready(): Promise<KeyManagementServiceClient> {
    this.#client ??= new KeyManagementServiceClient(this.#clientOptions());
    const client = this.#client;
    try {
      await client.initialize();
    } catch (error) {
      if (this.#client === client) this.#client = undefined;
      throw error;
    }
    return client;
  }

  #clientOptions(): ConstructorParameters<typeof KeyManagementServiceClient>[0] {
    const { endpoint } = this.#options;
    if (endpoint === undefined) return {};
    const colon = endpoint.lastIndexOf(':');
    return {
      servicePath: endpoint.slice(0, colon),
      port: Number(endpoint.slice(colon + 1)),
      sslCreds: credentials.createInsecure(),
      // Named, or the client asks the machine's credentials for it, and without any a metadata server that is not there.
      universeDomain: 'googleapis.com',
    };
  }
}

/** A request whose checksum does not fit its digest is an invalid argument, like any other. */
function damagedRequest(error: unknown): KmsRefused {
  if (error instanceof KmsRefused && error.code === status.INVALID_ARGUMENT) return error;
  throw error;
}
