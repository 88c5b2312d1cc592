import { createHash } from 'node:crypto';
import { seconds, toMillis } from '../../contracts/declaring/duration.ts';
import type { Envelope, ReadEvent } from '../../contracts/events/envelope.ts';
import type { InboxMode, Subscription } from '../../contracts/subscriptions/subscription.ts';
import { Defer, HandlerTimedOut, Reject } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import type { Inbox, InboxKey, InboxRecord, Write } from './inbox.ts';

/** The same for the same type and data; used to tell a duplicate from a collision. */
export function fingerprintOf(event: Pick<Envelope, 'type' | 'data'>): string {
  return createHash('sha256')
    .update(`${event.type}\n${JSON.stringify(event.data)}`)
    .digest('base64url');
}

/** What the inbox knows an event by, for one subscription. */
export const inboxKeyOf = (
  s: Pick<Subscription, 'name'>,
  { event, sent }: Pick<ReadEvent, 'event' | 'sent'>,
): InboxKey => ({
  key: `${s.name}#${event.id}`,
  fingerprint: fingerprintOf(sent),
});

/**
 * Whether this very event was done before. A copy that fails, say for a transaction that met another, after the event was done by an earlier one is a
 * duplicate and nothing to give up; so is a message whose commit was done although its answer was lost. Another event under the same id is neither.
 */
export async function wasDone(
  read: ReadEvent,
  { subscription, inbox }: Pick<OnceContext, 'subscription' | 'inbox'>,
): Promise<boolean> {
  if (subscription.inbox !== 'effect' && subscription.inbox !== 'lease') return false;
  const { key, fingerprint } = inboxKeyOf(subscription, read);
  const before = await inbox.find(key);
  return before?.state === 'done' && before.fingerprint === fingerprint;
}

export interface OnceContext {
  readonly subscription: Subscription;
  readonly inbox: Inbox;
  readonly runtime: Pick<Runtime, 'now' | 'every' | 'id'>;
}

/** What a handler gives back: nothing, the writes of its effect, or - in mode `natural` - that its own write found the work done. */
// biome-ignore lint/suspicious/noConfusingVoidType: handlers without a result are written without a return.
export type HandlerResult = void | readonly Write[] | 'duplicate';

/**
 * A step of the handler's work whose result is kept: the next holder of the lease is given it instead of doing the work again.
 * @returns the result as JSON gives it back, the first time too
 */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Runs the handler under an inbox mode. @returns whether it ran and took effect, or was a duplicate */
type Once = (
  context: OnceContext,
  key: InboxKey,
  handle: (step: Step) => Promise<HandlerResult>,
) => Promise<'done' | 'duplicate'>;

/**
 * Bytes of all steps of one event, names and results together: they live in the inbox record, and an item holds 400 KB with the names of its attributes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export const MAX_STEP_BYTES = 380_000;

const NO_STEPS: Step = (name) =>
  Promise.reject(new Reject('step-without-lease', `step '${name}' keeps its result in a lease: declare inbox 'lease'`));

function duplicateOf(record: InboxRecord, key: InboxKey): 'duplicate' {
  if (record.fingerprint !== key.fingerprint) {
    throw new Reject(
      'payload-mismatch',
      `idempotency key '${key.key}' was used before with another payload; a changed event needs an id of its own`,
    );
  }
  return 'duplicate';
}

const RENEWALS_PER_LEASE = 3;
const MILLIS_PER_SECOND = 1_000;

/** @throws Reject when the steps of an event would not fit into its record: asked with the name before the work, with the result after it */
function fits(name: string, result: string, kept: ReadonlyMap<string, string>): void {
  let bytes = 0;
  for (const text of [name, result, ...[...kept].flat()]) bytes += Buffer.byteLength(text);
  if (bytes <= MAX_STEP_BYTES) return;
  throw new Reject(
    'step-result-too-large',
    `with step '${name.slice(0, MAX_NAME_SHOWN)}' the names and results of ${kept.size + 1} steps have ${bytes} bytes; ${MAX_STEP_BYTES} are kept. Keep references to large results instead`,
  );
}
const MAX_NAME_SHOWN = 100;

/** The modes, as a table. What each promises is said at InboxMode. */
export const ONCE: Readonly<Record<InboxMode, Once>> = {
  async effect({ subscription, inbox }, key, handle) {
    if (subscription.checkFirst) {
      const before = await inbox.find(key.key);
      if (before !== undefined) return duplicateOf(before, key);
    }
    const result = await handle(NO_STEPS);
    if (result === 'duplicate') return 'duplicate';
    const before = await inbox.commit(key, result ?? []);
    return before === undefined ? 'done' : duplicateOf(before, key);
  },

  async lease({ subscription, inbox, runtime: { now, every, id } }, key, handle) {
    const owner = id();
    const leaseMillis = toMillis(subscription.lease);
    let until = now() + leaseMillis;
    const answer = await inbox.lease(key, owner, until);
    if (!answer.taken) {
      const before = answer.record;
      const duplicate = duplicateOf(before, key);
      if (before.state === 'done') return duplicate;
      const left = Math.max(1, Math.ceil(((before.leaseUntil ?? 0) - now()) / 1_000));
      // Nothing has failed: the wait spends no attempt.
      throw new Defer(seconds(left), `another consumer holds the lease of '${key.key}' for ${left} s more`);
    }
    // A renewal that fails is left to the fence: complete() then finds the lease lost.
    const stopRenewing = every(leaseMillis / RENEWALS_PER_LEASE, () => {
      until = now() + leaseMillis;
      inbox.renew(key.key, owner, until).catch(() => undefined);
    });
    const results = new Map(Object.entries(answer.steps));
    const step: Step = async (name, work) => {
      const before = results.get(name);
      if (before === undefined) fits(name, '', results);
      const kept = before ?? (await keepResult(name, await work()));
      results.set(name, kept);
      return kept === '' ? undefined : JSON.parse(kept);
    };
    const keepResult = async (name: string, result: unknown): Promise<string> => {
      const text = JSON.stringify(result) ?? '';
      fits(name, text, results);
      if (await inbox.keepStep(key.key, owner, name, text)) return text;
      throw new Defer(seconds(1), `the lease of '${key.key}' was lost before step '${name}' was recorded`);
    };
    try {
      withoutWrites(await handle(step));
    } catch (error) {
      if (error instanceof HandlerTimedOut) {
        // Not given back: what the handler had under way outside may still happen. Its next try waits until the lease has run out.
        const leaseSeconds = Math.max(1, Math.ceil((until - now()) / MILLIS_PER_SECOND));
        throw new HandlerTimedOut(error.message, { short: error.short, leaseSeconds });
      }
      // When this fails too, the lease runs out by itself; what the handler said matters more.
      await inbox.release(key.key, owner, results.size > 0).catch(() => undefined);
      throw error;
    } finally {
      stopRenewing();
    }
    if (await inbox.complete(key, owner)) return 'done';
    throw new Defer(seconds(1), `the lease of '${key.key}' was lost before the work was recorded`);
  },

  async natural(_context, _key, handle) {
    return withoutWrites(await handle(NO_STEPS));
  },

  async none(_context, _key, handle) {
    return withoutWrites(await handle(NO_STEPS));
  },
};

function withoutWrites(result: HandlerResult): 'done' | 'duplicate' {
  if (result === 'duplicate') return 'duplicate';
  if (result === undefined || result.length === 0) return 'done';
  throw new Reject('writes-without-effect', "the handler returned writes, but only inbox mode 'effect' commits them");
}
