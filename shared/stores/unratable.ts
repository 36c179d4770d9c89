/** Accepted usage that cannot be billed as it is: billing of its organization must stop until an operator has looked. */
export class Unratable extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'Unratable';
  }
}
