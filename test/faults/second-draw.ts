// biome-ignore-all lint/suspicious/noTemplateCurlyInString: text of code
import { type Fault, fault } from './fault.ts';

/**
 * The second draw: seed 20261129, the first eight places of each folder that was weak in the first. Run once as the tests were (`first` in
 * results.json), then again after sharpening.
 */
// biome-ignore format: a fault a paragraph reads best as it stands
export const secondDraw: readonly Fault[] = [
  fault('lib/operations/parked/change-parked.ts', 'an edit by somebody else meanwhile is not seen before the dead letter is sent', ' && a.row.messageId === b.row.messageId && a.row.edits === b.row.edits;', ' && a.row.messageId === b.row.messageId;'),
  fault('lib/operations/parked/resume-parked.ts', 'idle calls count although they are not in a row', 'idle = part.resumed > 0 ? 0 : idle + 1;', 'idle += part.resumed > 0 ? 0 : 1;'),
  fault('lib/operations/cost/channel-usage.ts', 'what a topic brings to a queue is reckoned in the batches of the producer', 'queue.from === undefined ? Math.min(together, MOST_PER_REQUEST) : 1;', 'Math.min(together, MOST_PER_REQUEST);'),
  fault('lib/contracts/subscriptions/table-units.ts', "an aggregation's position is written without the price of a transaction", 'transactionsOf(s, messages) * SMALL_ITEM * TRANSACTION_FACTOR', 'transactionsOf(s, messages) * SMALL_ITEM'),
  fault('lib/operations/cost/rates.ts', 'divided by nothing when no channel has traffic', 'rate === undefined || busiest === 0', 'rate === undefined'),
  fault('lib/operations/parked/resume-parked.ts', 'a function that died without a message says nothing at all', 'errorMessage: message = FunctionError }', "errorMessage: message = '' }"),
  fault('lib/operations/cost/outbox-usage.ts', "the sweeper's invocations forgotten", 'relayedTogether(rate) + SWEEPS_PER_SECOND;', 'relayedTogether(rate);'),
  fault('lib/operations/dead-letters/dead-letter-queue.ts', 'the object of a dead letter is read as text', "Buffer.from((await Body?.transformToByteArray()) ?? [])", "Buffer.from((await Body?.transformToString()) ?? '')", 'the object is JSON, whose bytes are the same again; of one that is damaged the sum is wrong either way'),

  fault('lib/operations/deployed/messaging.ts', 'dead letters are kept under the stem of the queue, not by consumer', 'owner: ownerOf(queue) }', 'owner: queue.name }'),
  fault('lib/constructs/stores/data-bucket.ts', 'access to the invoices is not logged', '  logAccess(bucket);\n', ''),
  fault('lib/systems/orders/tools/snapshot.ts', 'published rows are counted for unpublished ones', 'outbox.filter((row) => row.unpublished !== undefined)', 'outbox.filter((row) => row.unpublished === undefined)'),
  fault('lib/operations/systems/letters.ts', 'a letter counts by its trace, not by its event', '(letter?.eventId === undefined ? [] : [letter.eventId])', '(letter?.traceId === undefined ? [] : [letter.traceId])'),
  fault('lib/operations/systems/settled.ts', 'the record at the position still waits', '> position).length', '>= position).length'),
  fault('lib/systems/orders/contract.ts', 'an empty number of a document passes', "documentId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,40}$/", "documentId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{0,40}$/"),
  fault('lib/operations/systems/calling.ts', "the function's error is taken for its reply", '      if (FunctionError !== undefined) throw new CallFailed(`${functionName} failed: ${text}`);\n', ''),
  fault('lib/systems/orders/tools/snapshot.ts', 'orders are read from another table', "table<Snapshot['orders'][number]>('Orders')", "table<Snapshot['orders'][number]>('Payments')"),

  fault('lib/local/messaging/sns/publishing.ts', 'refused publishes are counted as published', '      return entryProblem(topic, entry) ?? take(topic, entry);', '      meter.published(topic.name, Buffer.byteLength(entry.message));\n      return entryProblem(topic, entry) ?? take(topic, entry);'),
  fault('lib/local/provision/types/s3.ts', "the region is missing in a bucket's regional name", 'RegionalDomainName: `${name}.s3.${context.region}.', 'RegionalDomainName: `${name}.s3.'),
  fault('lib/local/cloudwatch/protocol/wire.ts', 'a compressed request is read as it stands', "request.headers['content-encoding'] === 'gzip' ? gunzipSync(request.body) : request.body;", 'request.body;'),
  fault('lib/local/cloudformation.ts', 'parameters in the URL are not read', "request.body.length > 0 ? request.body.toString('utf8') : request.url.split('?')[1],", "request.body.toString('utf8'),"),
  fault('lib/local/provision/stacks/stacks.ts', 'stacks of another app are taken over', '  refuseOtherApp(stacks, deployed);\n', ''),
  fault('lib/local/lambda/instance.ts', 'every error that nobody caught has the same name', ': { errorType: error.name, errorMessage: error.message, trace', ": { errorType: 'Error', errorMessage: error.message, trace"),
  fault('lib/local/kinesis/record-log.ts', 'records older than asked for are read', 'from.iterate(idOf(shard, start), endOf(shard), count)', 'from.iterate(idOf(shard, number), endOf(shard), count)'),
  fault('lib/local/iam.ts', 'trust policies are checked as those of identities', "createDocuments('trust', enforced)", "createDocuments('identity', enforced)"),

  fault('bin/terminal/line-diff.ts', 'the first line that differs is never weighed', 'for (let i = a.length - 1; i >= 0; i--)', 'for (let i = a.length - 1; i > 0; i--)'),
  fault('bin/commands/cost.ts', 'confirmed prices are told as not confirmed, and the other way round', 'line.confirmed ? line.what : `${line.what} (not confirmed)`', 'line.confirmed ? `${line.what} (not confirmed)` : line.what'),
  fault('bin/commands/parked.ts', 'neither a key nor --all: everything is resumed', "  onlyOne('a key', key, options.all);\n  const { signal } = interrupted();", '  const { signal } = interrupted();'),
  fault('bin/apps/watch-files.ts', 'each step of a save is told', '    clearTimeout(timer);\n    timer = setTimeout', '    timer = setTimeout'),
  fault('bin/apps/assembly-templates.ts', 'the name that the manifest gives a template is not looked at', "resolve(folder, typeof name === 'string' ? name : `${id}.template.json`)", 'resolve(folder, `${id}.template.json`)'),
  fault('bin/terminal/line-diff.ts', 'where both ways are as good, what is new comes first', 'else if (at(i + 1, j) >= at(i, j + 1))', 'else if (at(i + 1, j) > at(i, j + 1))'),
  fault('bin/cli/program.ts', 'no free port can be asked for', "wholeNumber('the port', 0, MAX_PORT)", "wholeNumber('the port', 1, MAX_PORT)"),
  fault('bin/stages.ts', 'a stage whose name only begins like another passes for it', 'Object.hasOwn(stages, line)', 'Object.keys(stages).some((known) => line.startsWith(known))'),
];
