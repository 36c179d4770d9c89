import type { ClaimName } from '../../shared/domain/evidence/claims.ts';
import type { KeyName } from './keys.ts';

/** A committed good bundle that recipes start from. */
export const BASES = ['good-1', 'good-2', 'good-other'] as const;
export type BaseName = (typeof BASES)[number];
/** A committed pinned file. */
export type PinnedName = 'pinned-1' | 'pinned-2' | 'pinned-other';

/** Bytes: text in UTF-8 or hexadecimal, as often as `times` says. */
export type Content = ({ readonly text: string } | { readonly hex: string }) & { readonly times?: number };

interface InFile {
  readonly file: string;
}
interface InLine extends InFile {
  /** from 1; from -1 backwards */
  readonly line: number;
}
interface InJson extends InFile {
  /** JSON Pointer (RFC 6901) */
  readonly at: string;
}

/** How the signature of a JWS is made: by a key, as HMAC under a public key's PEM, empty, or the one that stands there. */
export type Signing = { readonly key: KeyName } | { readonly hmac: KeyName } | 'none' | 'keep';

export interface ResealOptions {
  /** what is left as it stands though the entries may say otherwise */
  readonly keep?: readonly ('heads' | 'anchors' | 'record')[];
  readonly key?: KeyName;
}

/**
 * One change. The set is closed and small so that a stranger can implement it; `test/vectors/README.md` says in words
 * what each does. Steps that begin with `tar_` work on the packed bundle and come last.
 */
export type Step =
  | ({ readonly op: 'write' } & InFile & Content)
  | ({ readonly op: 'append' } & InFile & Content)
  | ({ readonly op: 'remove' } & InFile)
  | ({ readonly op: 'rename'; readonly to: string } & InFile)
  | ({ readonly op: 'copy'; readonly from: BaseName; readonly from_file?: string } & InFile)
  | ({ readonly op: 'replace'; readonly find: string; readonly with: string; readonly line?: number } & InFile)
  | ({ readonly op: 'flip'; readonly offset: number; readonly xor: number } & InFile)
  | ({ readonly op: 'truncate'; readonly bytes: number } & InFile)
  | ({ readonly op: 'delete_line' } & InLine)
  | ({ readonly op: 'duplicate_line' } & InLine)
  | ({ readonly op: 'swap_lines'; readonly with: number } & InLine)
  | ({ readonly op: 'set_line'; readonly text: string } & InLine)
  | ({ readonly op: 'copy_line'; readonly from: BaseName; readonly from_line: number } & InLine)
  | ({ readonly op: 'set_field'; readonly field: string; readonly value: string } & InLine)
  | ({
      readonly op: 'copy_field';
      readonly field: string;
      readonly from_line: number;
      readonly from?: BaseName;
    } & InLine)
  | ({ readonly op: 'digest_field'; readonly field: string; readonly of: string } & InLine)
  | ({ readonly op: 'set_json'; readonly value: unknown } & InJson)
  | ({ readonly op: 'remove_json' } & InJson)
  | ({
      readonly op: 'copy_json';
      readonly from_file: string;
      readonly from_at: string;
      readonly from?: BaseName;
    } & InJson)
  | ({ readonly op: 'set_record'; readonly field: string; readonly value: string } & InJson)
  | { readonly op: 'renumber'; readonly line: number }
  | { readonly op: 'relink'; readonly line: number }
  | ({ readonly op: 'reseal'; readonly seals: 'last' | 'all' } & ResealOptions)
  | ({ readonly op: 'sign'; readonly header: string; readonly payload: string; readonly with: Signing } & InFile)
  | { readonly op: 'sign_manifest'; readonly key: KeyName }
  | { readonly op: 'tar_flip'; readonly offset: number; readonly xor: number }
  | { readonly op: 'tar_truncate'; readonly bytes: number }
  | ({ readonly op: 'tar_append' } & Content)
  | ({ readonly op: 'tar_header'; readonly offset: number } & InFile & Content)
  | ({ readonly op: 'tar_repeat' } & InFile)
  | ({ readonly op: 'tar_swap'; readonly with: string } & InFile)
  | ({ readonly op: 'tar_many'; readonly count: number } & InFile);

export interface Recipe {
  /** also the bad bundle's file name */
  readonly name: string;
  /** what is done, in one sentence */
  readonly about: string;
  /** number of the attack in the project's table, where it has one */
  readonly attack?: number;
  readonly base: BaseName;
  /** against which pinned file; the base's own where it is not said */
  readonly pinned?: PinnedName;
  readonly steps: readonly Step[];
  /** what is signed again afterwards, before any `tar_` step */
  readonly resign: 'none' | 'manifest' | 'all';
  readonly expect: {
    readonly verdict: 'verified' | 'refuted' | 'unreadable';
    /** a claim that must fail; absent where the verdict is `verified` */
    readonly claim?: ClaimName;
    /** the sequence number that this claim's failure must name */
    readonly seq?: number;
    /** the file that this claim's failure must name */
    readonly file?: string;
  };
}

/** The pinned file that a recipe's bundle is verified with. */
export const pinnedOf = ({ base, pinned }: Pick<Recipe, 'base' | 'pinned'>): PinnedName =>
  pinned ?? (base.replace('good', 'pinned') as PinnedName);
