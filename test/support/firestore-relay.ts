import { GrpcRelay } from './grpc-relay.ts';

const FIRESTORE = {
  path: '/google.firestore.v1.Firestore/',
  unary: ['Commit', 'BeginTransaction', 'Rollback'],
  streaming: ['BatchGetDocuments', 'RunQuery'],
};

/** A wire between the Firestore client and its emulator. */
export class FirestoreRelay extends GrpcRelay {
  private constructor(target: string) {
    super(target, FIRESTORE);
  }

  /** @param target host:port of the emulator */
  static start(target: string): Promise<FirestoreRelay> {
    return new FirestoreRelay(target).listen();
  }
}
