/** One thing that is wrong, where it is written down. */
export interface Problem {
  /** which check found it: `fmt`, `validate`, `test`, `lint`, `policy` ... */
  readonly check: string;
  /** below the checked folder, `modules/vault/main.tf`; the folder itself where no file is to blame */
  readonly file: string;
  readonly line: number;
  readonly message: string;
  /** Addresses of the resources that show it, where a plan showed it. */
  readonly addresses?: readonly string[];
}

/** The same problem found in several stacks, or in both views of a resource, is one problem with all its addresses. */
export function merged(problems: readonly Problem[]): Problem[] {
  const groups = Map.groupBy(problems, ({ file, line, message }) => `${file}\n${line}\n${message}`);
  return [...groups.values()]
    .map((group) => {
      const addresses = [...new Set(group.flatMap((problem) => problem.addresses ?? []))];
      return addresses.length === 0 ? group[0]! : { ...group[0]!, addresses };
    })
    .sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

/** `terraform/modules/vault/main.tf:31: policy: ... (module.vault.google_storage_bucket.vault and 2 more)` */
export function shown({ check, file, line, message, addresses = [] }: Problem, folder = 'terraform'): string {
  const more = addresses.length > 1 ? ` and ${addresses.length - 1} more` : '';
  const where = addresses.length === 0 ? '' : ` (${addresses[0]}${more})`;
  return `${folder}/${file}:${line}: ${check}: ${message}${where}`;
}

/** One thing that was checked. */
export interface Checked {
  readonly check: string;
  /** the folder, or what else it was about */
  readonly what: string;
  /** how much of it there was */
  readonly detail: string;
  readonly problems: readonly Problem[];
}

/** What takes longest and may be left out while writing. */
export const SLOW = ['test', 'plan'] as const;
export type Slow = (typeof SLOW)[number];
