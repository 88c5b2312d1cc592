import { ENV } from '../../contracts/agreed/environment.ts';
import { usesTable } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { type Breaker, tableBreaker } from '../control/breaker.ts';
import { type ControlState, NO_CONTROL, readControl } from '../control/control-items.ts';
import { type GivenUp, tableGivenUp } from '../control/given-up.ts';
import { type Tries, tableTries } from '../control/tries.ts';
import { type KeptMessages, keptMessages } from '../dead-letters/kept-messages.ts';
import { type Parking, tableParking } from '../dead-letters/parking.ts';
import type { Inbox } from '../inbox/inbox.ts';
import { dynamodbInbox } from '../inbox/inbox-dynamodb.ts';
import type { ConsumerTime } from '../invocation/deadline.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { patientRuntime } from '../invocation/patience.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import type { Message } from '../messages/message.ts';

/** What a test or the simulator puts in the place of the real thing. */
export interface ConsumerOptions {
  /** @default Lambda's environment and clock, AWS over HTTP */
  readonly runtime?: Runtime;
  /** @default the inbox table that the constructs deployed */
  readonly inbox?: Inbox;
}

/** A deployed consumer: its subscription, and what the environment says about the rest. */
export interface Consumer {
  readonly subscription: Subscription;
  readonly runtime: Runtime;
  readonly inbox: Inbox;
  readonly deadLetterQueueUrl: string;
  /** Queues only. */
  readonly queueUrl: string | undefined;
  /** The inbox table, for those that need more of it than the inbox. */
  readonly table: string | undefined;
  readonly breaker: Breaker | undefined;
  /** What neither a dead letter nor an item can hold. */
  readonly kept: KeptMessages;
  readonly parking: Parking | undefined;
  readonly breakerController: string | undefined;
  /** Undefined where receives must do for attempts. */
  readonly tries: Tries | undefined;
  /** Undefined where nothing comes again. */
  readonly givenUp: GivenUp | undefined;
  readonly readControl: (messages: readonly Message[], isNewInstance?: boolean) => Promise<ControlState>;
}

/** A consumer as it was deployed; its calls know of no invocation. */
export interface DeployedConsumer extends Consumer {
  /** The same for one invocation, whose calls know how much time there is. */
  readonly within: (time: ConsumerTime) => Consumer;
}

/**
 * Reads the environment once, while the function initialises.
 * @throws MissingEnvironment when the function was deployed without something it needs
 */
export function deployedConsumer(s: Subscription, { runtime = lambda, inbox }: ConsumerOptions): DeployedConsumer {
  const required = (variable: string, purpose: string) => requiredEnv(variable, purpose, runtime.env);
  const hasTable = usesTable(s) && (inbox === undefined || runtime.env(ENV.inboxTable) !== undefined);
  const table = hasTable ? required(ENV.inboxTable, 'which table is the inbox') : undefined;
  const place: Place = {
    table,
    deadLetterQueueUrl: required(ENV.deadLetterQueue, 'where dead letters go'),
    queueUrl: s.to.kind === 'queue' ? required(ENV.queue, 'which queue is consumed') : undefined,
    breakerController: table === undefined || s.breaker === undefined ? undefined : runtime.env(ENV.breakerController),
  };
  return {
    ...consumerOf(s, place, runtime, inbox ?? inboxOf(s, place, runtime)),
    within: (time) =>
      consumerOf(
        s,
        place,
        patientRuntime(runtime, time),
        inbox ?? inboxOf(s, place, patientRuntime(runtime, time.effects)),
      ),
  };
}

/** What the environment says. */
type Place = Pick<Consumer, 'table' | 'deadLetterQueueUrl' | 'queueUrl' | 'breakerController'>;

const inboxOf = (s: Subscription, { table }: Place, runtime: Runtime): Inbox =>
  table === undefined ? NO_INBOX : dynamodbInbox(table, s.deduplicationWindow.seconds, runtime);

function consumerOf(s: Subscription, place: Place, runtime: Runtime, inbox: Inbox): Consumer {
  const { table } = place;
  const others = { ...place, subscription: s, runtime, inbox, kept: keptMessages(s, runtime) };
  if (table === undefined)
    return {
      ...others,
      breaker: undefined,
      parking: undefined,
      tries: undefined,
      givenUp: undefined,
      readControl: async () => NO_CONTROL,
    };
  const keepSeconds = s.deduplicationWindow.seconds;
  return {
    ...others,
    breaker: s.breaker === undefined ? undefined : tableBreaker(table, s, s.breaker, runtime),
    parking: s.failedKey === 'park' ? tableParking(table, s, runtime) : undefined,
    tries: tableTries(table, s, keepSeconds, runtime),
    givenUp: tableGivenUp(table, s, keepSeconds, runtime),
    readControl: (messages, isNewInstance) => readControl(runtime, table, s, messages, isNewInstance),
  };
}

const absent = () => Promise.reject(new Error('this subscription has no inbox'));
const NO_INBOX: Inbox = {
  find: absent,
  commit: absent,
  lease: absent,
  renew: absent,
  complete: absent,
  keepStep: absent,
  release: absent,
};
