import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { vi } from 'vitest';

interface Client {
  readonly config: { readonly requestHandler: unknown };
}

/**
 * Watches the clients of the SDK from here on: whatever has sent something has connections until it is closed. The client for documents sends over those of
 * the client it was made of, and closes nothing.
 * @returns the names of those that still have
 */
export function openConnections(): () => string[] {
  const base = Object.getPrototypeOf(DynamoDBClient.prototype) as {
    send(this: Client, ...args: unknown[]): unknown;
    destroy(this: Client): void;
  };
  const { send, destroy } = base;
  const open = new Map<unknown, string>();
  vi.spyOn(base, 'send').mockImplementation(function (this: Client, ...args) {
    open.set(this.config.requestHandler, this.constructor.name);
    return send.apply(this, args);
  });
  vi.spyOn(base, 'destroy').mockImplementation(function (this: Client) {
    open.delete(this.config.requestHandler);
    return destroy.apply(this);
  });
  return () => [...open.values()];
}
