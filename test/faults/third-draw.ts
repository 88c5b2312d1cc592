import { type Fault, fault } from './fault.ts';

/** The third draw: seed 20261130, the first five places of each of the same folders, to see what sharpening by kind was worth. */
// biome-ignore format: a fault a paragraph reads best as it stands
export const thirdDraw: readonly Fault[] = [
  fault('lib/operations/deployed/deployed-consumers.ts', 'a subscription whose name ends like another passes for it', 'consumers.find((consumer) => consumer.subscription === subscription);', 'consumers.find((consumer) => consumer.functionName.endsWith(subscription));'),
  fault('lib/operations/parked/change-parked.ts', 'a message that was resumed between the two reads: nothing is parked, it is told', 'if (row === undefined) throw new ParkedMeanwhile(key, subscription);', 'if (row === undefined) throw new NotParked(key, subscription);'),
  fault('lib/operations/parked/parked.ts', 'an id that is a number is shown as one', "(typeof value === 'string' ? value : undefined);", '(value === undefined ? undefined : String(value));'),
  fault('lib/operations/parked/change-parked.ts', 'a lot that was resumed meanwhile is written back', "ConditionExpression: 'resumed = :before',", "ConditionExpression: 'attribute_exists(resumed) OR resumed = :before',", 'whoever moves a lot on deletes the row in the same transaction, so that the condition on the row refuses the same'),
  fault('lib/operations/cost/system-cost.ts', 'the price per million of no messages is not a number', 'messages === 0 ? undefined : (dollars / messages) * 1e6', '(dollars / messages) * 1e6'),

  fault('lib/operations/systems/malformed.ts', 'the order that must be refused for its data has good data', '.issues !== undefined) return value;', '.issues === undefined) return value;'),
  fault('lib/operations/deployed/clients.ts', 'buckets have host names here, and paths on AWS', 'process.env.AWS_ENDPOINT_URL !== undefined;', 'process.env.AWS_ENDPOINT_URL === undefined;'),
  fault('lib/systems/orders/tools/check-effects.ts', 'an e-mail to a customer whose message was given up is a stranger', 'const owed = new Set(customers.map(tagOf));', 'const owed = new Set(due.map(tagOf));'),
  fault('lib/systems/orders/contract.ts', 'an order without lines passes', 'lines: v.pipe(v.array(OrderLine), v.minLength(1), v.maxLength(MAX_LINES)),', 'lines: v.pipe(v.array(OrderLine), v.maxLength(MAX_LINES)),'),
  fault('lib/systems/orders/tools/snapshot.ts', 'the totals are read from another table', "table<Snapshot['totals'][number]>('Totals')", "table<Snapshot['totals'][number]>('Stock')"),

  fault('lib/local/cloudwatch/math/evaluate.ts', 'a period of a search that is another one passes', "if (period !== undefined && !(period.kind === 'number' && period.value === periodSeconds))", "if (period !== undefined && period.kind !== 'number')"),
  fault('lib/local/cloudwatch/alarm/read-alarm.ts', 'as many datapoints as periods are refused', 'if (datapointsToAlarm > evaluationPeriods)', 'if (datapointsToAlarm >= evaluationPeriods)'),
  fault('lib/local/mappings/streams/stream-mapping.ts', 'a shard that has ended does not let its children begin', '    if (shardProgress.finished && !stopping.signal.aborted) await startShards(false).catch(report);\n', ''),
  fault('lib/local/cloudwatch/dashboards/dashboard-body.ts', 'a widget may end beyond the grid by one column', 'x + width > GRID_COLUMNS)', 'x + width > GRID_COLUMNS + 1)'),
  fault('lib/local/provision/stacks/removal.ts', 'what others depend on is removed first', 'return [...ordered].reverse();', 'return [...ordered];'),

  fault('bin/cli/systems-program.ts', 'produce takes ids of any kind', "      .choices(['new', 'same'])\n", ''),
  fault('bin/cli/systems-program.ts', 'the count of orders may be none', "wholeNumber('the count', 1)", "wholeNumber('the count', 0)"),
  fault('bin/commands/change-parked.ts', 'nobody is asked, everybody agrees', 'if (options.yes || (await confirm(question))) return true;', 'if (options.yes || question !== undefined) return true;'),
  fault('bin/options/fault-options.ts', 'a seed without faults is forgotten in silence', '  if (seed === undefined) return undefined;\n', '  return undefined;\n'),
  fault('bin/apps/template-file.ts', 'one alias fewer than is said', 'if (aliases > MAX_ALIASES)', 'if (aliases >= MAX_ALIASES)'),
];
