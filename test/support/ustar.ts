/** Fields of a ustar header (IEEE 1003.1 pax, "ustar Interchange Format"), as bytes or text; text is latin1. */
export interface UstarFields {
  readonly name: string;
  readonly mode: string;
  readonly uid: string;
  readonly gid: string;
  readonly size: string | Uint8Array;
  readonly mtime: string;
  readonly typeflag: string;
  readonly linkname: string;
  readonly magic: string;
  readonly version: string;
  readonly uname: string;
  readonly gname: string;
  readonly devmajor: string;
  readonly devminor: string;
  readonly prefix: string;
}

/** Offset and length of each field, from the table of the standard. */
const PLACES = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const satisfies Record<keyof UstarFields, readonly [offset: number, length: number]>;

const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;

/** A header as a bundle has it, but for the fields given; its checksum is right. */
export function ustarHeader(size: number, fields: Partial<UstarFields>): Buffer {
  const all: UstarFields = {
    name: 'a.json',
    mode: '0000444\0',
    uid: '0000000\0',
    gid: '0000000\0',
    size: octal(size),
    mtime: octal(0),
    typeflag: '0',
    linkname: '',
    magic: 'ustar\0',
    version: '00',
    uname: '',
    gname: '',
    devmajor: '',
    devminor: '',
    prefix: '',
    ...fields,
  };
  const block = Buffer.alloc(512);
  for (const [name, [offset, length]] of Object.entries(PLACES)) {
    const value = all[name as keyof UstarFields];
    const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value);
    bytes.copy(block, offset, 0, length);
  }
  return sealed(block);
}

/** Puts the right checksum into a header: the sum of its bytes, with the checksum itself taken as blanks. */
export function sealed(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** One file: its header, its bytes, zeros up to the next block. */
export const ustarFile = (bytes: Buffer, fields: Partial<UstarFields> = {}): Buffer =>
  Buffer.concat([ustarHeader(bytes.length, fields), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

export const END = Buffer.alloc(1024);
