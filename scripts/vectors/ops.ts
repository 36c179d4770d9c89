import { createHmac } from 'node:crypto';
import { base64url, type Json } from '../../shared/domain/canonical.ts';
import { sha256Base64url } from '../../shared/domain/digest.ts';
import { manifestBytes } from '../../shared/domain/evidence/bundle.ts';
import { KEY_NAMES, type KeyName, signWith, testKey } from './keys.ts';
import type { BaseName, Signing, Step } from './recipe.ts';
import { relink, renumber, reseal, signFile } from './reseal.ts';
import { contentBytes, fieldOf, lineAt, pointed, type Workpiece, withField } from './workpiece.ts';

/** The files of the good bundles, for steps that copy from another one. */
export type Larder = (base: BaseName) => Workpiece;

type FileOp = Exclude<Step['op'], `tar_${string}`>;
type Ops = {
  readonly [O in FileOp]: (piece: Workpiece, step: Extract<Step, { readonly op: O }>, larder: Larder) => void;
};

/** What each step does to the files of a bundle. */
const OPS: Ops = {
  write: (piece, step) => void piece.files.set(step.file, contentBytes(step)),
  append: (piece, step) => void piece.files.set(step.file, Buffer.concat([piece.file(step.file), contentBytes(step)])),
  remove: (piece, { file }) => {
    piece.file(file);
    piece.files.delete(file);
  },
  rename: (piece, { file, to }) => {
    piece.files.set(to, piece.file(file));
    piece.files.delete(file);
  },
  copy: (piece, { file, from, from_file }, larder) => void piece.files.set(file, larder(from).file(from_file ?? file)),
  replace: (piece, { file, find, with: other, line }) => {
    if (line === undefined) {
      const text = piece.file(file).toString('latin1');
      piece.files.set(file, Buffer.from(replaced(text, find, other), 'latin1'));
    } else editLine(piece, file, line, (text) => replaced(text, find, other));
  },
  flip: (piece, { file, offset, xor }) => {
    const bytes = Buffer.from(piece.file(file));
    bytes[offset]! ^= xor;
    piece.files.set(file, bytes);
  },
  truncate: (piece, { file, bytes }) => void piece.files.set(file, piece.file(file).subarray(0, bytes)),
  delete_line: (piece, { file, line }) => {
    const lines = piece.lines(file);
    lines.splice(lineAt(lines, line), 1);
    piece.setLines(file, lines);
  },
  duplicate_line: (piece, { file, line }) => {
    const lines = piece.lines(file);
    const at = lineAt(lines, line);
    lines.splice(at, 0, lines[at]!);
    piece.setLines(file, lines);
  },
  swap_lines: (piece, { file, line, with: other }) => {
    const lines = piece.lines(file);
    const [a, b] = [lineAt(lines, line), lineAt(lines, other)];
    [lines[a], lines[b]] = [lines[b]!, lines[a]!];
    piece.setLines(file, lines);
  },
  set_line: (piece, { file, line, text }) => editLine(piece, file, line, () => text),
  copy_line: (piece, { file, line, from, from_line }, larder) => {
    const others = larder(from).lines(file);
    editLine(piece, file, line, () => others[lineAt(others, from_line)]!);
  },
  set_field: (piece, { file, line, field, value }) =>
    editLine(piece, file, line, (text) => withField(text, field, value)),
  copy_field: (piece, { file, line, field, from_line, from }, larder) => {
    const others = (from === undefined ? piece : larder(from)).lines(file);
    const value = fieldOf(others[lineAt(others, from_line)]!, field);
    editLine(piece, file, line, (text) => withField(text, field, value));
  },
  digest_field: (piece, { file, line, field, of }) =>
    editLine(piece, file, line, (text) => withField(text, field, sha256Base64url(piece.file(of)))),
  set_json: (piece, { file, at, value }) => editJson(piece, file, at, () => value as Json),
  remove_json: (piece, { file, at }) => {
    const root = piece.json(file);
    const { container, name } = pointed(root, at);
    if (Array.isArray(container)) container.splice(Number(name), 1);
    else delete container[name];
    piece.setJson(file, root);
  },
  copy_json: (piece, { file, at, from_file, from_at, from }, larder) => {
    const source = (from === undefined ? piece : larder(from)).json(from_file);
    const { container, name } = pointed(source, from_at);
    editJson(piece, file, at, () => container[name]!);
  },
  set_record: (piece, { file, at, field, value }) =>
    editJson(piece, file, at, (record) => withField(String(record), field, value)),
  renumber: (piece, { line }) => renumber(piece, line),
  relink: (piece, { line }) => relink(piece, line),
  reseal: (piece, step) => reseal(piece, step.seals, step),
  sign: (piece, { file, header, payload, with: signing }) => {
    const [, oldPayload = '', oldSignature = ''] = piece.file(file).toString('latin1').split('.');
    const body = payload === 'keep' ? oldPayload : base64url(piece.file(payload));
    const input = `${base64url(Buffer.from(header, 'utf8'))}.${body}`;
    piece.files.set(file, Buffer.from(`${input}.${signature(input, signing, oldSignature)}`, 'latin1'));
  },
  sign_manifest: (piece, { key }) => signManifest(piece, key),
};

/** Takes one step. `<kid NAME>` and `<n NAME>` in its texts stand for a test key's thumbprint and modulus. */
export function takeStep(piece: Workpiece, step: Step, larder: Larder): void {
  let text = JSON.stringify(step);
  for (const name of KEY_NAMES) {
    const { kid, n } = testKey(name);
    text = text.replaceAll(`<kid ${name}>`, kid).replaceAll(`<n ${name}>`, n);
  }
  const act = OPS[step.op as FileOp] as (piece: Workpiece, step: Step, larder: Larder) => void;
  act(piece, JSON.parse(text) as Step, larder);
}

/** A manifest that fits the files as they are, about what it was about, signed. */
export function signManifest(piece: Workpiece, key?: KeyName): void {
  const about = piece.json('manifest.json') as Parameters<typeof manifestBytes>[0];
  const others = [...piece.files]
    .filter(([path]) => path !== 'manifest.json' && path !== 'manifest.jws')
    .map(([path, bytes]) => ({ path, bytes }));
  const manifest = manifestBytes(about, others);
  piece.files.set('manifest.json', manifest);
  signFile(piece, 'manifest.jws', 'manifest+jws', manifest, key);
}

function replaced(text: string, find: string, other: string): string {
  const at = text.indexOf(find);
  if (at < 0) throw new Error(`there is no ${find}`);
  return text.slice(0, at) + other + text.slice(at + find.length);
}

function editLine(piece: Workpiece, file: string, line: number, edit: (text: string) => string): void {
  const lines = piece.lines(file);
  const at = lineAt(lines, line);
  lines[at] = edit(lines[at]!);
  piece.setLines(file, lines);
}

function editJson(piece: Workpiece, file: string, pointer: string, edit: (value: Json | undefined) => Json): void {
  const root = piece.json(file);
  if (pointer === '') return piece.setJson(file, edit(root));
  const { container, name } = pointed(root, pointer);
  container[name] = edit(container[name]);
  piece.setJson(file, root);
}

function signature(input: string, signing: Signing, old: string): string {
  if (signing === 'none') return '';
  if (signing === 'keep') return old;
  if ('key' in signing) return base64url(signWith(signing.key, input));
  return createHmac('sha256', testKey(signing.hmac).pem).update(input, 'latin1').digest('base64url');
}
