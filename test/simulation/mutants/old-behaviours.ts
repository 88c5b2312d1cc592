import { OUTBOX_TABLE } from '../../../lib/contracts/agreed/tables.ts';
import { days } from '../../../lib/contracts/declaring/duration.ts';
import { cancellationReasons } from '../../../lib/runtime/aws/dynamodb.ts';
import { isThrottle } from '../../../lib/runtime/aws/throttles.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Mutant } from './mutants.ts';
import { atCalls, atHandler, consumers, isOutbox, type TransactItem } from './mutating.ts';
import {
  answeredEarly,
  attemptsOfEvents,
  attributesAsText,
  copiesByText,
  failsAsAWhole,
  isLetter,
  lettersAsText,
  toldReceives,
  withoutUpdates,
} from './undoing.ts';

/** What the runtime did once, and must not do again: each was found in use. */

const notForgetful = consumers(({ mode }) => mode !== 'at-most-once');
const hasRaw = ({ events }: Scenario): boolean =>
  events.some(({ form }) => !['good', 'unknown', 'invalid', 'mismatch', 'claim-lost'].includes(form));
const hasHanging = ({ events }: Scenario): boolean => events.some(({ hangs }) => hangs > 0);

interface RecordsAnswer {
  readonly Records: readonly { readonly SequenceNumber?: string | null }[];
}
interface Index {
  readonly IndexName?: string;
  readonly ExclusiveStartKey?: object;
}

const ofHead = ({ Update }: TransactItem): boolean =>
  (Update?.Key as { sequence?: { N: string } } | undefined)?.sequence?.N === String(OUTBOX_TABLE.headSequence);

export const OLD_BEHAVIOURS: Readonly<Record<string, Mutant>> = {
  'dead-letters-are-text': {
    breaks: 'a dead letter has its body as text beside its reason, whatever its bytes and however many',
    caughtBy: 'leavesByDecision',
    concerns: (scenario) => hasRaw(scenario) && consumers(({ source }) => source !== 'log')(scenario),
    mutation: lettersAsText(),
  },
  'dead-letters-share-the-limit': {
    breaks: 'a body that is as large as a message may be has no dead letter: its reason does not fit beside it',
    caughtBy: 'leavesByDecision',
    concerns: ({ events }) => events.some(({ form }) => form === 'at-limit'),
    mutation: lettersAsText(),
  },
  'dead-letters-alter-bytes': {
    breaks: 'what is no text is made one in the dead letters',
    caughtBy: 'nothingLost',
    concerns: (scenario) =>
      scenario.events.some(({ form }) => form === 'latin1') && consumers(({ mode }) => mode !== 'aggregate')(scenario),
    mutation: lettersAsText(),
  },
  'dead-letters-lose-attributes': {
    breaks: 'attributes of dead letters are text, and nine at most',
    caughtBy: 'attributesKept',
    concerns: notForgetful,
    mutation: atCalls(['consumer'], ({ operation, input, go }) =>
      isLetter(operation, input) ? go(attributesAsText(input)) : undefined,
    ),
  },
  'publisher-believes-nulls': {
    breaks: 'an entry without a sequence number that is null counts as sent',
    caughtBy: 'publisherIsHonest',
    concerns: consumers(({ source }) => source === 'log'),
    mutation: atCalls(['producer', 'relay', 'sweeper'], ({ operation, go }) => {
      if (operation !== 'PutRecords') return undefined;
      return go().then((answer) => {
        const { Records } = answer as RecordsAnswer;
        const believed = Records.map((one) => (one.SequenceNumber === null ? { SequenceNumber: '1' } : one));
        return {
          FailedRecordCount: believed.filter((one) => one.SequenceNumber === undefined).length,
          Records: believed,
        };
      });
    }),
  },
  'publisher-believes-silence': {
    breaks: 'an entry that the answer does not speak of counts as sent',
    caughtBy: 'publisherIsHonest',
    concerns: consumers(({ source }) => source !== 'log'),
    mutation: atCalls(['producer', 'relay', 'sweeper'], ({ operation, input, go }) => {
      if (operation !== 'SendMessageBatch' && operation !== 'PublishBatch') return undefined;
      const entries = (input.Entries ?? input.PublishBatchRequestEntries) as { Id: string }[];
      return go().then((answer) => {
        const { Failed = [] } = answer as { Failed?: { Id: string }[] };
        const refused = new Set(Failed.map(({ Id }) => Id));
        return { Successful: entries.filter(({ Id }) => !refused.has(Id)).map(({ Id }) => ({ Id })), Failed };
      });
    }),
  },
  'deletions-believed': {
    breaks: 'at most once, a message counts as gone that could not be deleted',
    caughtBy: 'atMostOnce',
    concerns: consumers(({ mode }) => mode === 'at-most-once'),
    mutation: atCalls(['consumer'], ({ operation, input, go }) => {
      if (operation !== 'DeleteMessageBatch') return undefined;
      return go().then(() => ({ Successful: (input.Entries as { Id: string }[]).map(({ Id }) => ({ Id })) }));
    }),
  },
  'aggregates-have-no-head': {
    breaks: 'an aggregate forgets its newest sequence when its rows expire',
    caughtBy: 'outboxDelivers',
    concerns: isOutbox,
    mutation: atCalls(['writer'], ({ operation, input, go }) => {
      if (operation !== 'TransactWriteItems') return undefined;
      return go({ ...input, TransactItems: (input.TransactItems as TransactItem[]).filter((item) => !ofHead(item)) });
    }),
  },
  'sweeper-reads-one-page': {
    breaks: 'rows behind a page of those that cannot go are not seen',
    caughtBy: 'everythingSettles',
    concerns: (scenario) => isOutbox(scenario) && scenario.stuckRows > 0,
    mutation: atCalls(['sweeper'], ({ operation, input, go }) => {
      const { IndexName, ExclusiveStartKey, ...query } = input as Index;
      if (operation !== 'Query' || IndexName === undefined) return undefined;
      if (ExclusiveStartKey !== undefined) return Promise.resolve({ Items: [] });
      return go({ ...query, IndexName }).then((answer) => ({ Items: (answer as { Items: object[] }).Items }));
    }),
  },
  'deadline-not-known': {
    breaks:
      'a handler that does not settle is waited for until the function is ended, and nobody notes under which message that was',
    caughtBy: 'leavesByDecision',
    concerns: hasHanging,
    mutation: {
      ...atHandler(
        (handler) => (event, context) =>
          handler(event, { ...context, getRemainingTimeInMillis: () => Number.MAX_SAFE_INTEGER / 2 }),
      ),
      ...withoutUpdates('startedUntil = :until'),
    },
  },
  'log-counts-no-ends': {
    breaks: 'of a record that ends the function nothing is noted, until the mapping gives it up without a reason',
    caughtBy: 'leavesByDecision',
    concerns: (scenario) =>
      scenario.events.some(({ crashes }) => crashes > 0) &&
      consumers(({ source, mode }) => source === 'log' && mode !== 'aggregate')(scenario),
    mutation: withoutUpdates('startedUntil = :until'),
  },
  'held-records-precede-in-silence': {
    breaks:
      'a batch of a log begins with a record that was held, and nobody asks how often those behind it have failed',
    caughtBy: 'attemptIsTheTry',
    concerns: consumers(({ source, mode }) => source === 'log' && mode !== 'aggregate'),
    mutation: withoutUpdates('precedes = :true'),
  },
  'busy-store-spends-a-try': {
    breaks: 'a transaction that met another one, or was throttled to the end, is a failed try of the handler',
    caughtBy: 'busyStoreSpendsNoTry',
    concerns: consumers(({ source, mode }) => source !== 'log' && mode === 'effect'),
    mutation: atCalls(['consumer'], ({ operation, go }) =>
      operation === 'TransactWriteItems'
        ? go().catch((error: Error) => {
            const reasons = cancellationReasons(error) ?? [];
            const isBusy = isThrottle(error.name) || reasons.some(({ Code }) => Code === 'TransactionConflict');
            throw isBusy ? new Error(error.message) : error;
          })
        : undefined,
    ),
  },
  'answered-early': {
    breaks: 'the function answers before its end and leaves the work it abandons running',
    caughtBy: 'abandonedHasNoEffect',
    concerns: (scenario) => hasHanging(scenario) && consumers(({ mode }) => mode === 'effect')(scenario),
    mutation: answeredEarly(),
  },
  'bad-message-fails-its-batch': {
    breaks: 'a body that cannot be read fails the batch it came in',
    caughtBy: 'neighboursHandled',
    concerns: (scenario) => hasRaw(scenario) && consumers(({ source }) => source !== 'log')(scenario),
    mutation: failsAsAWhole(),
  },
  'deduplication-shorter-than-life': {
    breaks: 'the inbox forgets an event while its message may still come back',
    caughtBy: 'noEffectTwice',
    concerns: (scenario) => scenario.redrive !== undefined && consumers(({ mode }) => mode === 'effect')(scenario),
    mutation: { subscription: (s) => ({ ...s, deduplicationWindow: days(14) }) },
  },
  'children-without-watermark': {
    breaks: 'a shard that comes of another begins without its watermark',
    caughtBy: 'latenessAsDeclared',
    concerns: consumers(({ lateness }) => lateness !== undefined),
    mutation: atCalls(['consumer'], ({ operation, go }) =>
      operation === 'ListShards'
        ? go().then((answer) => ({
            Shards: (answer as { Shards: { ShardId: string }[] }).Shards.map(({ ShardId }) => ({ ShardId })),
          }))
        : undefined,
    ),
  },
  'renewals-outlive-invocations': {
    breaks: 'a lease is renewed for a handler that nobody waits for any more, by calls that know of no time',
    caughtBy: 'givenUpForCause',
    concerns: (scenario) => hasHanging(scenario) && consumers(({ mode }) => mode === 'lease')(scenario),
    mutation: {
      runtime: (runtime, { kind }) => {
        if (kind !== 'consumer') return runtime;
        const every: typeof runtime.every = (milliseconds, task) => {
          runtime.every(milliseconds, task);
          return () => undefined;
        };
        // An invocation whose time is up makes no call: of itself that ends its renewals, too.
        return { ...runtime, every, aws: (service, operation, input) => runtime.aws(service, operation, input) };
      },
    },
  },
  'attempts-outlive-the-decision': {
    breaks: 'a message that is sent back has the failures of its earlier life',
    caughtBy: 'givenUpForCause',
    concerns: (scenario) => scenario.redrive !== undefined && notForgetful(scenario),
    mutation: attemptsOfEvents(),
  },
  'attempt-is-the-receive-count': {
    breaks: 'a handler is told how often its message was received instead of which try it is',
    caughtBy: 'attemptIsTheTry',
    concerns: consumers(({ source, mode }) => source !== 'log' && mode !== 'at-most-once'),
    mutation: toldReceives(),
  },
  'copies-told-by-text': {
    breaks: 'messages are taken for copies of one event because of an id somewhere in their text',
    caughtBy: 'neighboursNotHeld',
    concerns: (scenario) => hasRaw(scenario) && consumers(({ source }) => source === 'queue')(scenario),
    mutation: copiesByText(),
  },
};
