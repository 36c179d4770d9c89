import { status } from '@grpc/grpc-js';
import { GrpcRelay } from './grpc-relay.ts';

/** Of no interest to anybody but the client and its sessions. */
const HOUSEKEEPING = ['BatchCreateSessions', 'CreateSession', 'DeleteSession'];
const SPANNER = {
  path: '/google.spanner.v1.Spanner/',
  unary: [...HOUSEKEEPING, 'BeginTransaction', 'Commit', 'Rollback'],
  streaming: ['StreamingRead', 'ExecuteStreamingSql'],
  housekeeping: HOUSEKEEPING,
};
/** `multiplexed = true` of google.spanner.v1.Session (field 6). */
const MULTIPLEXED = Buffer.of(0x30, 1);

/** A wire between the Spanner client and its emulator. */
export class SpannerRelay extends GrpcRelay {
  /** Commits answered ABORTED, by this relay before they reached the emulator and by the emulator itself. */
  readonly commitsAborted = { here: 0, there: 0 };
  readonly #multiplexed: boolean;

  private constructor(target: string, multiplexed: boolean) {
    super(target, SPANNER);
    this.#multiplexed = multiplexed;
  }

  /**
   * @param target host:port of the emulator
   * @param multiplexed answers as Google Cloud does, which multiplexes a session that is asked to be; the emulator does not
   */
  static start(target: string, multiplexed = false): Promise<SpannerRelay> {
    return new SpannerRelay(target, multiplexed).listen();
  }

  protected override failed(method: string, code: status, where: 'here' | 'there'): void {
    if (method === 'Commit' && code === status.ABORTED) this.commitsAborted[where] += 1;
  }

  protected override answered(method: string, bytes: Buffer): Buffer {
    return this.#multiplexed && method === 'CreateSession' ? Buffer.concat([bytes, MULTIPLEXED]) : bytes;
  }
}
