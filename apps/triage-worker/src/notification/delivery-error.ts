import { hideSecrets } from '@nightcrier/core/settings/known-secrets';

/** Why a notification was not delivered, and what follows. */
export type DeliveryFailure =
  /** The target limits the rate: pause for so long. */
  | { kind: 'limited'; milliseconds: number }
  /** The target will never accept this message. */
  | { kind: 'refused' }
  /** The target may accept it later. */
  | { kind: 'failed' };

/** BullMQ stores its message: receivers repeat in their errors what they were sent. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly failure: DeliveryFailure;

  constructor(message: string, failure: DeliveryFailure, options?: ErrorOptions) {
    super(hideSecrets(message), options);
    this.failure = failure;
  }
}
