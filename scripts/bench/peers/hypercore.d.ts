/** The part of hypercore that is used here; the package brings no types. */
declare module 'hypercore' {
  export default class Hypercore {
    constructor(storage: string);
    /** blocks appended so far */
    readonly length: number;
    ready(): Promise<void>;
    /** One block each, under one signature of the tree's new root. */
    append(blocks: readonly Uint8Array[]): Promise<{ length: number; byteLength: number }>;
    get(index: number): Promise<Uint8Array>;
    close(): Promise<void>;
  }
}
