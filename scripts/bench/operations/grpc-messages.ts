import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fromJSON, type MethodDefinition, type PackageDefinition } from '@grpc/proto-loader';
import type { GrpcCall } from './grpc-relay.ts';

type Method = MethodDefinition<object, object>;

/** Reads calls of one service, by the definitions that Google's own client ships. */
export class GrpcMessages {
  readonly #methods = new Map<string, Method>();

  /**
   * @param client the package whose definitions hold the service
   * @param file where they are, from that package on or in one that it brings
   */
  constructor(client: string, file: string, service: string) {
    const from = createRequire(createRequire(import.meta.url).resolve(client));
    const json = JSON.parse(readFileSync(from.resolve(file), 'utf8')) as Parameters<typeof fromJSON>[0];
    const definitions: PackageDefinition = fromJSON(json, { longs: Number, enums: String, oneofs: true });
    for (const method of Object.values(definitions[service] as Readonly<Record<string, Method>>)) {
      this.#methods.set(method.path, method);
    }
  }

  request<T>({ path, requests: [bytes] }: GrpcCall): T {
    return this.#methods.get(path)!.requestDeserialize(bytes!) as T;
  }

  responses<T>({ path, responses }: GrpcCall): T[] {
    const { responseDeserialize } = this.#methods.get(path)!;
    return responses.map((bytes) => responseDeserialize(bytes) as T);
  }
}

/** `/google.spanner.v1.Spanner/Commit` is a `Commit`. */
export const methodOf = ({ path }: GrpcCall): string => path.slice(path.lastIndexOf('/') + 1);
