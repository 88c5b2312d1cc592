/** A request that a function decides against: its caller is told the reason at once, and nothing is written. */
export class RequestRefused<Reason extends string> extends Error {
  override readonly name = 'Refused';
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}
