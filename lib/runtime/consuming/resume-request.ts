/** What an operator sends to a consumer's function to have a parked key handled. */
export interface ResumeRequest {
  readonly resume: { readonly key: string };
}

export interface Resumed {
  /** Messages handled now. */
  readonly resumed: number;
  /** Whether the key flows again. */
  readonly released: boolean;
  /** What a store said that was busy until the time was up: nothing has failed, and the same request again goes on from here. */
  readonly busy?: string;
  /** The message that still fails, when there is one: the key stays parked from there on. */
  readonly failed?: { readonly number: number; readonly reason: string; readonly message: string };
}

export const isResume = (event: unknown): event is ResumeRequest =>
  typeof event === 'object' && event !== null && 'resume' in event;
