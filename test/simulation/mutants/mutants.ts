import type { InvariantName } from '../judging/invariants.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { INBOX } from '../system/names.ts';
import {
  type Answer,
  allTaken,
  atCalls,
  atHandler,
  consumers,
  cursorFirst,
  firstAttempt,
  isOutbox,
  leasedToEverybody,
  ofInbox,
  positionless,
  putWithoutCondition,
  type Records,
  receivedOnce,
  SENDS,
  scattered,
  sendsLater,
  skipsGaps,
  type TransactItem,
  underAnotherId,
  withoutConditions,
  withoutSteps,
} from './mutating.ts';
import type { Mutation } from './mutation.ts';
import { OLD_BEHAVIOURS } from './old-behaviours.ts';

/** A broken runtime and the invariants that must catch it. */
export interface Mutant {
  /** What is broken. */
  readonly breaks: string;
  /** The invariant that must catch it; others may as well. */
  readonly caughtBy: InvariantName;
  /** Scenarios it can show itself in; the others are passed over, but count. */
  readonly concerns: (scenario: Scenario) => boolean;
  readonly mutation: Mutation;
}

const ordered = consumers(({ source, mode }) => source !== 'queue' && mode !== 'aggregate' && mode !== 'at-most-once');

/** One mutant and more for every invariant. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  ...OLD_BEHAVIOURS,
  'inbox-ignores-its-record': {
    breaks: 'the effect commits whether the inbox knows the event or not',
    caughtBy: 'noEffectTwice',
    concerns: consumers(({ mode }) => mode === 'effect'),
    mutation: withoutConditions(ofInbox, ['consumer']),
  },
  'effect-before-record': {
    breaks: 'effect and inbox record commit one after the other instead of together',
    caughtBy: 'noEffectTwice',
    concerns: consumers(({ mode }) => mode === 'effect'),
    mutation: atCalls(['consumer'], ({ operation, input, go }) => {
      const items = (input.TransactItems ?? []) as TransactItem[];
      const record = items.filter(ofInbox);
      if (operation !== 'TransactWriteItems' || record.length === 0 || record.length === items.length) return undefined;
      const token = String(input.ClientRequestToken);
      const effect = { TransactItems: items.filter((item) => !ofInbox(item)), ClientRequestToken: `${token}-effect` };
      return go(effect).then(() => go({ ...input, TransactItems: record }));
    }),
  },
  'natural-write-without-condition': {
    breaks: "a `natural` handler's write has no condition",
    caughtBy: 'noEffectTwice',
    concerns: consumers(({ mode }) => mode === 'natural'),
    mutation: withoutConditions((item) => item.Put?.TableName === 'state', ['consumer']),
  },
  'settle-acknowledges-retries': {
    breaks: 'what is to be tried again is acknowledged',
    caughtBy: 'nothingLost',
    concerns: consumers(({ mode }) => mode !== 'at-most-once'),
    mutation: atHandler((handler) => async (event, context) => {
      const answer = (await handler(event, context)) as Answer;
      return answer.batchItemFailures === undefined ? answer : { batchItemFailures: [] };
    }),
  },
  'dead-letters-not-sent': {
    breaks: 'dead letters are acknowledged without being sent',
    caughtBy: 'nothingLost',
    concerns: consumers(({ mode }) => mode !== 'at-most-once'),
    mutation: atCalls(['consumer'], ({ operation }) => (operation === 'SendMessage' ? Promise.resolve({}) : undefined)),
  },
  'dead-letters-without-reason': {
    breaks: 'dead letters do not say why',
    caughtBy: 'deadLettersSayWhy',
    concerns: consumers(({ mode }) => mode !== 'at-most-once'),
    mutation: atCalls(['consumer'], ({ operation, input, go }) =>
      operation === 'SendMessage' ? go({ ...input, MessageAttributes: {} }) : undefined,
    ),
  },
  'lease-without-fence': {
    breaks: 'a lease is completed by whoever held it once',
    caughtBy: 'oneCompletion',
    concerns: consumers(({ mode }) => mode === 'lease'),
    mutation: putWithoutCondition('done'),
  },
  'lease-for-everybody': {
    breaks: 'a lease is given although somebody holds it',
    caughtBy: 'leaseHeldAlone',
    concerns: consumers(({ mode }) => mode === 'lease'),
    mutation: leasedToEverybody(),
  },
  'lease-not-renewed': {
    breaks: 'a lease runs out under a handler that lives',
    caughtBy: 'leaseHeldAlone',
    concerns: consumers(({ mode }) => mode === 'lease'),
    mutation: { runtime: (runtime) => ({ ...runtime, every: () => () => undefined }) },
  },
  'steps-forgotten': {
    breaks: 'a lease does not come with what its steps came to',
    caughtBy: 'stepsReplayed',
    concerns: consumers(({ mode }) => mode === 'lease'),
    mutation: atCalls(['consumer'], ({ operation, go }) =>
      operation === 'UpdateItem' ? go().then((answer) => withoutSteps(answer as object)) : undefined,
    ),
  },
  'units-in-parallel': {
    breaks: 'messages of one key are handled side by side',
    caughtBy: 'orderPerKey',
    concerns: ordered,
    mutation: atHandler(
      (handler) => (event, context) =>
        'Records' in (event as object) ? handler(scattered(event) as never, context) : handler(event, context),
    ),
  },
  'failure-holds-nothing': {
    breaks: 'what follows a failed message of its key is handled before it',
    caughtBy: 'orderPerKey',
    concerns: ordered,
    mutation: atHandler((handler) => async (event, context) => {
      const { Records } = event as Records;
      if (Records === undefined) return handler(event, context);
      const failures: object[] = [];
      for (const record of Records) {
        const answer = (await handler({ Records: [record] } as never, context)) as Answer;
        failures.push(...(answer.batchItemFailures ?? []));
      }
      return { batchItemFailures: failures };
    }),
  },
  'parked-keys-not-seen': {
    breaks: 'what follows a parked message is handled before it',
    caughtBy: 'orderPerKey',
    concerns: consumers(({ park }) => park),
    mutation: atCalls(['consumer'], ({ operation }) =>
      operation === 'BatchGetItem' ? Promise.resolve({ Responses: { [INBOX]: [] }, UnprocessedKeys: {} }) : undefined,
    ),
  },
  'attempts-not-counted': {
    breaks: 'every failure is the first, and the queue does not redrive',
    caughtBy: 'retryCapKept',
    concerns: consumers(({ source, mode }) => source !== 'log' && mode !== 'at-most-once'),
    mutation: {
      queues: ({ redrive: _, ...spec }) => spec,
      ...atCalls(['consumer'], ({ operation, go }) =>
        operation === 'UpdateItem'
          ? go().then((answer) => firstAttempt(answer as { Attributes?: Record<string, unknown> }))
          : undefined,
      ),
      ...atHandler((handler) => (event, context) => handler(receivedOnce(event) as never, context)),
    },
  },
  'attempts-counted-twice': {
    breaks: 'a message gets half of its tries',
    caughtBy: 'givenUpForCause',
    concerns: consumers(({ mode }) => mode === 'effect' || mode === 'lease'),
    mutation: atCalls(['consumer'], ({ operation, input, go }) =>
      operation === 'UpdateItem' && String(input.UpdateExpression).includes('attempts')
        ? go().then(() => go(underAnotherId(input)))
        : undefined,
    ),
  },
  'publisher-believes-refusals': {
    breaks: 'entries that a service refuses are reported as sent',
    caughtBy: 'publisherIsHonest',
    concerns: () => true,
    mutation: atCalls(['producer', 'relay', 'sweeper'], ({ operation, input, go }) =>
      SENDS.has(operation) ? go().then(() => allTaken(operation, input)) : undefined,
    ),
  },
  'publisher-sends-later': {
    breaks: "a refused entry is sent after the key's next one",
    caughtBy: 'publishedInOrder',
    concerns: ordered,
    mutation: sendsLater(),
  },
  'cursor-before-publish': {
    breaks: 'the relay moves its cursor and publishes then',
    caughtBy: 'outboxDelivers',
    concerns: isOutbox,
    mutation: cursorFirst(),
  },
  'relay-skips-gaps': {
    breaks: 'the relay publishes what it is shown, whatever is missing before it',
    caughtBy: 'publishedInOrder',
    concerns: isOutbox,
    mutation: skipsGaps(),
  },
  'sweeper-sees-nothing': {
    breaks: 'the sweeper finds no unpublished rows',
    caughtBy: 'everythingSettles',
    concerns: isOutbox,
    mutation: atCalls(['sweeper'], ({ operation }) =>
      operation === 'Query' ? Promise.resolve({ Items: [] }) : undefined,
    ),
  },
  'sequence-without-condition': {
    breaks: 'two writers may have the same sequence',
    caughtBy: 'outboxHasNoGaps',
    concerns: isOutbox,
    mutation: withoutConditions(() => true, ['writer']),
  },
  'aggregate-without-records': {
    breaks: 'an aggregation counts an event again that was published twice',
    caughtBy: 'totalsExact',
    concerns: consumers(({ mode }) => mode === 'aggregate'),
    mutation: withoutConditions((item, i) => i > 0 && ofInbox(item), ['consumer']),
  },
  'aggregate-without-position-and-records': {
    breaks: 'an aggregation counts a batch again that is delivered again',
    caughtBy: 'totalsExact',
    concerns: consumers(({ mode }) => mode === 'aggregate'),
    mutation: positionless(),
  },
  'breaker-is-never-tried': {
    breaks: 'a mapping that was switched off stays off',
    caughtBy: 'everythingSettles',
    concerns: consumers(({ breaker }) => breaker),
    mutation: {
      switchMapping: (change) => async (mapping, mode) => {
        if (mode === 'off') await change(mapping, mode);
      },
    },
  },
};
