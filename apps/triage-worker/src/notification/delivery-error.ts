/** Why something was not delivered, and what follows. */
export type DeliveryFailure =
  /** The target asks to be left alone for so long, ms. */
  | { kind: 'limited'; milliseconds: number }
  /** It will never take this. */
  | { kind: 'refused' }
  /** It may take it later. */
  | { kind: 'failed' };

export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly failure: DeliveryFailure;

  constructor(message: string, failure: DeliveryFailure, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
