/** Why a notification was not delivered, and what follows. */
export type DeliveryFailure =
  /** The target limits the rate: pause for so long. */
  | { kind: 'limited'; milliseconds: number }
  /** The target will never accept this message. */
  | { kind: 'refused' }
  /** The target may accept it later. */
  | { kind: 'failed' };

export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly failure: DeliveryFailure;

  constructor(message: string, failure: DeliveryFailure, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
