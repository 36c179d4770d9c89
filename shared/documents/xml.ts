/** An amount of the document in units of 10^-8: exact for whatever it states. */
const SCALE = 8;

type Node = Readonly<Record<string, unknown>> | string;

/** Elements of a UBL document by their paths. */
export class Xml {
  readonly #node: Node;
  readonly isCreditNote: boolean;

  constructor(node: unknown, isCreditNote: boolean) {
    this.#node = (node ?? '') as Node;
    this.isCreditNote = isCreditNote;
  }

  /** Every element at a path below this one. @param path `cac:TaxTotal/cac:TaxSubtotal` */
  all(path: string): Xml[] {
    let nodes: Node[] = [this.#node];
    for (const name of path.split('/')) {
      nodes = nodes.flatMap((node) => {
        const found = typeof node === 'string' ? undefined : node[name];
        return found === undefined ? [] : ((Array.isArray(found) ? found : [found]) as Node[]);
      });
    }
    return nodes.map((node) => new Xml(node, this.isCreditNote));
  }

  /** The text of the first element at a path; undefined where there is none or it is empty. */
  text(path: string): string | undefined {
    const node = this.#first(path);
    const text = typeof node === 'object' ? node['#'] : node;
    return text === undefined || text === '' ? undefined : String(text);
  }

  /** The element's own text. */
  get self(): string {
    return typeof this.#node === 'string' ? this.#node : String(this.#node['#'] ?? '');
  }

  attribute(path: string, name: string): string | undefined {
    const node = this.#first(path);
    const value = typeof node === 'object' ? node[`@${name}`] : undefined;
    return value === undefined ? undefined : String(value);
  }

  #first(path: string): Node | undefined {
    const [first] = this.all(path);
    return first === undefined ? undefined : first.#node;
  }

  has(path: string): boolean {
    return this.text(path) !== undefined;
  }

  /** A decimal number in 10^-8; undefined where none is there. */
  amount(path: string): bigint | undefined {
    const text = this.text(path);
    const [, sign = '', whole = '', fraction = ''] = /^(-?)([0-9]+)(?:\.([0-9]{1,8}))?$/.exec(text ?? '') ?? [];
    if (whole === '') return undefined;
    const value = BigInt(`${whole}${fraction.padEnd(SCALE, '0')}`);
    return sign === '-' ? -value : value;
  }

  /** How many places a number has behind the point. */
  places(path: string): number {
    return this.text(path)?.split('.')[1]?.length ?? 0;
  }

  get lines(): Xml[] {
    return this.all(this.isCreditNote ? 'cac:CreditNoteLine' : 'cac:InvoiceLine');
  }

  get breakdown(): Xml[] {
    return this.all('cac:TaxTotal/cac:TaxSubtotal');
  }
}

export const sumOf = (nodes: readonly Xml[], path: string): bigint =>
  nodes.reduce((all, node) => all + (node.amount(path) ?? 0n), 0n);

/** A number times a percentage, rounded to cents, half away from zero. */
export function percentOf(base: bigint, percent: bigint): bigint {
  const cent = 10n ** BigInt(SCALE - 2);
  const exact = base * percent;
  const unit = 100n * 10n ** BigInt(SCALE) * cent;
  const half = exact < 0n ? -unit / 2n : unit / 2n;
  return ((exact + half) / unit) * cent;
}
