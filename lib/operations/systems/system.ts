import type { SystemContract } from '../../contracts/system.ts';
import type { Clients } from '../deployed/clients.ts';
import type { Outputs } from '../deployed/deployment.ts';
import type { DeployedMessaging } from '../deployed/messaging.ts';

/**
 * A system as the tools see it: its contract and, when it has them, sample producers and a reconciliation. The demo, `produce`, `cost`, `schema`, `parked`
 * and the gate for systems work on this and know no system by name. An app lists its systems in `sluice.config.ts`.
 */
export interface System {
  /** Lower-case words with hyphens: `orders`. */
  readonly name: string;
  /** What it is for, in one line. */
  readonly summary: string;
  /** What its contract module declares: `systemContract('orders', await import('./contract.ts'))`. */
  readonly contract: SystemContract;
  /** Name of its stack in a stage. @default `sluice-STAGE-NAME` */
  readonly stackName?: (stage: string) => string;
  /** Sample producers and reconciliation, loaded when they are needed. @default none: nothing to produce, no demo */
  readonly tools?: () => Promise<SystemTools>;
}

/** A deployed system as far as its senders need it, wherever the SDK's environment points. */
export interface Access {
  readonly stackName: string;
  readonly outputs: Outputs;
  readonly clients: Clients;
}

/** A deployed system with what is in it: queues, logs and consumers. */
export interface World extends Access {
  /** Queues, logs and consumers that are there, whoever added them. */
  readonly deployed: DeployedMessaging;
  /** URL of the engine's recorded mailbox; undefined: there is none, as on AWS. */
  readonly mailbox: string | undefined;
}

/** What became of a request. */
export interface Answer {
  readonly outcome: 'accepted' | 'duplicate' | 'refused';
  /** Why it was refused: a word that can be counted. */
  readonly reason?: string;
}

/** Takes requests. */
export interface Sender<Request = unknown, Reply = unknown> {
  /** @throws what the service or the function said when nothing is known about the request: then it may be sent again */
  send(request: Request): Promise<Reply>;
  close(): void;
}

/** Sample traffic: where it comes from, and who takes it. */
// biome-ignore lint/suspicious/noExplicitAny: a table of producers of any requests; each is typed where it is declared
export interface SampleProducer<Request = any, Reply = any> {
  /** What it sends, in the plural: `orders`. */
  readonly unit: string;
  /** Who takes them, by name: a function or a channel. Duplicates that it answers with are told under it. */
  readonly takenBy: string;
  /** Samples: one JSON object a line. */
  readonly file: string;
  /** Joins what belongs together in a whole input, such as a cancellation to its order. @default as they stand */
  readonly joined?: (requests: readonly Request[]) => readonly Request[];
  /** Requests of one key are sent one after the other. */
  readonly keyOf: (request: Request) => string;
  /** The same request as another one, whose identity ends with a suffix. */
  readonly renewed: (request: Request, suffix: string) => Request;
  readonly open: (access: Access) => Sender<Request, Reply>;
  readonly answerOf: (reply: Reply) => Answer;
}

/** A request, and what came back. */
export interface Sent<Request = unknown, Reply = unknown> {
  readonly request: Request;
  readonly reply: Reply;
}

/** A fault that was made on purpose. */
export interface MadeFault {
  readonly kind: string;
  readonly functionName?: string | undefined;
  readonly service?: string | undefined;
}

/** What was put in, as the sender knows it. */
export interface SystemInput {
  readonly sent: readonly Sent[];
  /** What `prepare` was given. */
  readonly prepared: readonly unknown[];
  readonly faults: readonly MadeFault[];
  /** Whether a consumer has given an event up: then it owes no effect. */
  readonly isDead: (consumer: string, eventId: string) => boolean;
  /** Dead letters of each consumer that are there and were not seen: a FIFO queue shows ten of a group. */
  readonly unseen: Readonly<Record<string, number>>;
}

/** A line of the report. */
export type FigureRow = readonly [name: string, value: string | number, remark: string];

/** What the reconciliation of a system finds: effects against what was put in. */
export interface Findings {
  /** For people. */
  readonly rows: readonly FigureRow[];
  /** The same for machines: members of the report's JSON. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** Effects that should be and are not: neither done nor in the dead letters. */
  readonly lost: number;
  readonly duplicatedEffects: number;
  readonly outOfOrder: number;
  /** When the first effect was there, ms since the epoch. @default not known */
  readonly firstEffect?: number | undefined;
  /** Everything that does not reconcile, in words. */
  readonly problems: readonly string[];
}

/** What a system brings for its demo and its producers. */
export interface SystemTools {
  /** By name; the first is the one that the demo runs. */
  readonly producers: Readonly<Record<string, SampleProducer>>;
  /** Puts there what has to be there before these requests. @default nothing */
  readonly prepare?: (access: Access, requests: readonly unknown[]) => Promise<unknown>;
  /**
   * Trouble beyond what every system gets: requests sent twice, messages that nobody can read.
   * @returns how often, by what: for the report
   */
  readonly trouble?: (world: World, sent: readonly Sent[]) => Promise<Readonly<Record<string, number>>>;
  /** What is still to be done beyond queues, logs, streams and outboxes, in words. @default nothing */
  readonly stillToDo?: (world: World) => Promise<readonly string[]>;
  /** Subscriptions whose effects `reconcile` checks. Others are named in the report. */
  readonly reconciled: readonly string[];
  /** Reasons of dead letters that the samples cause on purpose, by consumer. @default none */
  readonly deliberate?: Readonly<Record<string, readonly string[]>>;
  readonly reconcile: (input: SystemInput, world: World) => Promise<Findings>;
}

/** Name of a system's stack in a stage. */
export const stackNameOf = ({ name, stackName }: Pick<System, 'name' | 'stackName'>, stage: string): string =>
  stackName?.(stage) ?? `sluice-${stage}-${name}`;
