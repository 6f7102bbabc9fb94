/** What all errors of this package have in common: a literal `code` that a program can compare. */
export abstract class DeliveryError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
