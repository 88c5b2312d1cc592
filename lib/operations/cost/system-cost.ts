import type { Channel } from '../../contracts/channels/channel.ts';
import type { LogCapacity } from '../../contracts/channels/log-capacity.ts';
import { seconds } from '../../contracts/declaring/duration.ts';
import type { FanOut } from '../../contracts/subscriptions/subscription.ts';
import type { SystemContract } from '../../contracts/system.ts';
import { type Assumptions, DEFAULT_ASSUMPTIONS } from './assumptions.ts';
import { channelUsage } from './channel-usage.ts';
import { type Charge, charge, SECONDS_PER_MONTH, sumOf, sumsBy, type Usage } from './charge.ts';
import { consumerUsage } from './consumer-usage.ts';
import { outboxUsage, relayedTogether } from './outbox-usage.ts';
import type { Region } from './price-list.ts';
import { type Rate, ratesOf } from './rates.ts';

/** A log as its stage has it. */
export interface DeployedLog {
  readonly capacity: LogCapacity;
  readonly shards: number;
  readonly retentionSeconds: number;
}

/** What a synthesised stack tells beyond the declaration. */
export interface Deployed {
  /** Alarms, dashboards, keys: what costs without traffic. */
  readonly usages: readonly Usage[];
  /** What is charged once, when the stack is made: warm throughput. No part of a month. @default nothing */
  readonly once?: readonly Usage[];
  /** Memory in MiB of the function of a consumer, or of an outbox's relay, by name. */
  readonly memoryMib: ReadonlyMap<string, number>;
  /** Logs, by name. */
  readonly logs: ReadonlyMap<string, DeployedLog>;
}

export interface CostOptions {
  readonly region: Region;
  /** Messages per second of the busiest channel, the others in proportion; 0: what it costs while nothing happens. @default what is declared */
  readonly perSecond?: number | undefined;
  /** @default DEFAULT_ASSUMPTIONS */
  readonly assumptions?: Partial<Assumptions>;
  /** @default not known: what costs without traffic is left out */
  readonly deployed?: Deployed | undefined;
}

export interface SystemCost {
  readonly system: string;
  readonly region: Region;
  /** Messages that enter the system in a month: events of outboxes, and what producers send themselves. */
  readonly messages: number;
  readonly dollars: number;
  /** undefined: no messages. */
  readonly perMillion: number | undefined;
  readonly services: readonly { readonly name: string; readonly dollars: number }[];
  readonly parts: readonly { readonly name: string; readonly dollars: number }[];
  readonly charges: readonly Charge[];
  /** Charged once, when the stack is made. */
  readonly once: readonly Charge[];
  readonly assumptions: Assumptions;
  /** What this sum in particular takes for granted. */
  readonly notes: readonly string[];
}

/** What a month of a system costs, as it is declared, at its traffic. */
export function systemCost(declared: SystemContract, options: CostOptions): SystemCost {
  const contract = asDeployed(declared, options.deployed);
  const a: Assumptions = { ...DEFAULT_ASSUMPTIONS, ...options.assumptions };
  const rates = ratesOf(contract, a, options.perSecond);
  const boxes = contract.outboxes.flatMap((box) => {
    const rate = busiest(box.publishes, rates);
    return rate === undefined ? [] : [{ box, rate }];
  });
  const relayed = (channel: Channel) =>
    boxes.find(({ box }) => box.publishes.some(({ name }) => name === channel.name));
  const memory = (name: string) => options.deployed?.memoryMib.get(name) ?? a.memoryMib;
  const known = contract.channels.flatMap((channel) => {
    const rate = rates.get(channel.name);
    return rate === undefined ? [] : [{ channel, rate }];
  });
  const usages: Usage[] = [
    ...boxes.flatMap(({ box, rate }) => outboxUsage(box, rate, memory(`${box.name}-relay`), a)),
    ...known.flatMap(({ channel, rate }) =>
      channelUsage(channel, rate, {
        together: relayed(channel) === undefined ? 1 : relayedTogether(rate),
        subscribedQueues: contract.channels.filter((one) => one.kind === 'queue' && one.from?.name === channel.name)
          .length,
        readers: readersOf(contract, channel, 'shared'),
        enhancedReaders: readersOf(contract, channel, 'enhanced'),
      }),
    ),
    ...contract.subscriptions.flatMap((s) => {
      const rate = rates.get(s.to.name);
      return rate === undefined ? [] : consumerUsage(s, rate, memory(s.name), a);
    }),
    ...(options.deployed?.usages ?? []),
  ];
  const charges = charge(usages, options.region);
  const once = charge(options.deployed?.once ?? [], options.region);
  const entering = [
    ...boxes.map(({ rate }) => rate),
    ...known
      .filter(
        ({ channel }) => relayed(channel) === undefined && (channel.kind !== 'queue' || channel.from === undefined),
      )
      .map(({ rate }) => rate),
  ];
  const messages = entering.reduce((sum, { perSecond }) => sum + perSecond, 0) * SECONDS_PER_MONTH;
  const dollars = sumOf(charges);
  return {
    system: contract.name,
    region: options.region,
    messages,
    dollars,
    perMillion: messages === 0 ? undefined : (dollars / messages) * 1e6,
    services: sumsBy(charges, 'service'),
    parts: sumsBy(charges, 'part'),
    charges,
    once,
    assumptions: a,
    notes: [...notesOf(contract, rates, options, a), ...onceNotes(once)],
  };
}

/** The declaration with the logs as they are deployed. */
function asDeployed(declared: SystemContract, deployed: Deployed | undefined): SystemContract {
  const inStage = <T extends { readonly kind: string; readonly name: string }>(one: T): T => {
    const log = one.kind === 'log' ? deployed?.logs.get(one.name) : undefined;
    if (log === undefined) return one;
    const { capacity, shards, retentionSeconds } = log;
    return { ...one, capacity, shards, retention: seconds(retentionSeconds) };
  };
  return {
    ...declared,
    channels: declared.channels.map(inStage),
    subscriptions: declared.subscriptions.map((subscription) => ({ ...subscription, to: inStage(subscription.to) })),
  };
}

const readersOf = ({ subscriptions }: SystemContract, { kind, name }: Channel, fanOut: FanOut): number =>
  subscriptions.filter(({ to, fanOut: own }) => kind === 'log' && to.name === name && own === fanOut).length;

/** An outbox's events go to every channel that lists their type: it carries what the busiest one does. */
function busiest(channels: readonly Channel[], rates: ReadonlyMap<string, Rate>): Rate | undefined {
  const known = channels.flatMap(({ name }) => rates.get(name) ?? []);
  return known.sort((one, other) => other.perSecond - one.perSecond)[0];
}

function notesOf(
  { channels, tableChanges }: SystemContract,
  rates: ReadonlyMap<string, Rate>,
  { deployed, perSecond }: CostOptions,
  a: Assumptions,
): string[] {
  const named = (list: readonly { name: string }[]) => list.map(({ name }) => `'${name}'`).join(', ');
  const silent = channels.filter(({ name }) => !rates.has(name));
  const fromPeak = channels.filter(({ name }) => rates.get(name)?.from === 'peak');
  const packing = channels.filter((one) => one.kind === 'log' && one.aggregate !== undefined);
  return [
    ...(silent.length === 0 ? [] : [`${named(silent)}: no traffic is declared, so only --rate gives a price`]),
    ...(fromPeak.length === 0 || perSecond !== undefined
      ? []
      : [
          `${named(fromPeak)}: what is usual is not declared (traffic.usualPerSecond): ${percent(a.usualShareOfPeak)} of the peak is taken`,
        ]),
    ...(packing.length === 0
      ? []
      : [
          `${named(packing)}: each event is reckoned as a record, although events of one key travel together (aggregate)`,
        ]),
    ...(tableChanges.length === 0
      ? []
      : [`${named(tableChanges)}: nobody declares how often a table changes; its consumers are left out`]),
    ...(deployed === undefined
      ? ['alarms, dashboards and keys are not counted: --assembly cdk.out tells of them']
      : []),
  ];
}

const onceNotes = (once: readonly Charge[]): string[] =>
  once.length === 0
    ? []
    : [
        `${sumOf(once).toFixed(2)} USD are charged once and not counted, when the tables are made: warm throughput for the declared peaks (${once.map(({ part, units, what }) => `${part}: ${units} ${what}`).join('; ')})`,
      ];

const percent = (share: number): string => `${Math.round(share * 100)} %`;
