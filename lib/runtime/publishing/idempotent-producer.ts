import type { Channel } from '../../contracts/channels/channel.ts';
import { DeclarationError } from '../../contracts/declaring/declaration-error.ts';
import { type Envelope, envelope } from '../../contracts/events/envelope.ts';
import type { EventType } from '../../contracts/events/event.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { InvalidKey, MessageTooLarge, type Publish, PublishFailed, publisher } from './publish.ts';

/** How an idempotent producer remembers what it has sent. */
export interface IdempotentProducerOptions {
  /** Names this producer among all of the channel's, and after a restart again: `till-7`. 1 to 64 letters, digits, `.`, `_`, `-`. */
  readonly producerId: string;
  /**
   * Number of the next event; from 1. After a restart: one more than the last number that is known to be sent, or the position in
   * what is being read (line of a file, row of a table), so that the same input gets the same number again.
   */
  readonly startAt: number;
  /** CloudEvents source. @default '/producers/<producerId>' */
  readonly source?: string;
  /** @default the channel's publisher */
  readonly publish?: Publish;
}

/** A producer whose retries are one event. */
export interface IdempotentProducer {
  /**
   * Numbers an event and sends it. Its id is made of the producer's and the number, so that every retry of it is the same message
   * to FIFO deduplication (five minutes) and to the consumers' inboxes.
   * @returns the event as it was sent
   * @throws MessageTooLarge, InvalidKey: the event is dropped and its number unused; PublishFailed: the event keeps its number and stays here; the next call, or `flush()`, sends it before anything else
   */
  publish<Data>(event: EventType<Data>, data: Data, context?: ProducerContext): Promise<Envelope<Data>>;
  /** Sends what could not be sent before, under its old numbers. @throws PublishFailed when it fails again */
  flush(): Promise<void>;
  /** Number that the next event gets: to be kept by producers that restart. */
  next(): number;
  /** Numbered, but not known to be sent. */
  unsent(): readonly Envelope[];
}

/** What joins an event to the request that causes it. */
export interface ProducerContext {
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** Too many events wait to be sent again; nothing was numbered. */
export class ProducerBlocked extends Error {
  override readonly name = 'ProducerBlocked';
  constructor(producerId: string, unsent: number) {
    super(
      `producer '${producerId}' has ${unsent} events that could not be sent; nothing new is numbered until flush() has sent them`,
    );
  }
}

const PRODUCER_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** Events a producer holds for another try. */
const MAX_UNSENT = 1_000;

/**
 * Makes a producer whose retries are no second messages. Calls may overlap; numbers are given in the order of the calls, and events go
 * out in the order of their numbers.
 * @throws DeclarationError for a bad producer id or number; MissingEnvironment as publisher()
 */
export function idempotentProducer(
  channel: Channel,
  { producerId, startAt, source = `/producers/${producerId}`, publish }: IdempotentProducerOptions,
  runtime: Runtime = lambda,
): IdempotentProducer {
  const thing = `idempotent producer '${producerId}'`;
  if (!PRODUCER_ID.test(producerId)) {
    const problem = `producerId must have 1 to 64 letters, digits, '.', '_' or '-' (given '${producerId}')`;
    throw new DeclarationError(thing, problem, "Write for example 'till-7'");
  }
  if (!Number.isSafeInteger(startAt) || startAt < 1) {
    const problem = `startAt must be a whole number from 1 (given ${startAt})`;
    throw new DeclarationError(thing, problem, 'Start at 1, or after the last number that was sent');
  }
  const send = publish ?? publisher(channel, {}, runtime);
  let next = startAt;
  let waiting: readonly Envelope[] = [];
  const refused = new Map<string, Error>();
  /** One sending at a time: the order of numbers is the order on the wire. */
  let turn: Promise<unknown> = Promise.resolve();

  async function sendWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      try {
        await send(batch);
        waiting = waiting.filter((event) => !batch.includes(event));
      } catch (error) {
        if (error instanceof MessageTooLarge || error instanceof InvalidKey) {
          // Nothing was sent, and this one never can be: its number stays unused, the others go without it.
          refused.set(error.eventId, error);
          waiting = waiting.filter(({ id }) => id !== error.eventId);
          continue;
        }
        if (error instanceof PublishFailed)
          waiting = waiting.filter((e) => !batch.includes(e) || error.unsent.has(e.id));
        throw error;
      }
    }
  }

  function inTurn(): Promise<void> {
    const mine = turn.then(sendWaiting);
    turn = mine.catch(() => undefined);
    return mine;
  }

  return {
    async publish(event, data, context = {}) {
      if (waiting.length >= MAX_UNSENT) throw new ProducerBlocked(producerId, waiting.length);
      const sequence = next;
      const numbered = envelope(event, data, {
        id: `${producerId}/${sequence}`,
        source,
        time: new Date(runtime.now()),
        sequence,
        ...context,
      });
      next += 1;
      waiting = [...waiting, numbered];
      await inTurn().catch((error: unknown) => {
        // It may be another call's event that could not be sent.
        if (waiting.includes(numbered)) throw error;
      });
      const refusal = refused.get(numbered.id);
      if (refusal === undefined) return numbered;
      refused.delete(numbered.id);
      throw refusal;
    },
    flush: inTurn,
    next: () => next,
    unsent: () => waiting,
  };
}
