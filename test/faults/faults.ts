/** A mistake that a person might make, at a place that draw.ts drew. Written before the tests were read. */
export interface Fault {
  readonly file: string;
  /** Text that the file has once. */
  readonly find: string;
  readonly put: string;
  readonly mistake: string;
  /** Why it changes nothing that anybody could see. */
  readonly equivalent?: string;
}

const fault = (file: string, mistake: string, find: string, put: string, equivalent?: string): Fault => ({
  ...{ file, find, put, mistake },
  ...(equivalent === undefined ? {} : { equivalent }),
});

// biome-ignore format: a fault a paragraph reads best as it stands
export const faults: readonly Fault[] = [
  fault('lib/contracts/topic.ts', 'a FIFO topic groups by key whatever is declared', 'options.groupBy ?? byKey', 'byKey'),
  fault('lib/contracts/envelope.ts', 'an empty required attribute passes', " || candidate[name] === '');", ');'),
  fault('lib/contracts/json-schema-alternatives.ts', 'a tag of several values counts as one tag', 'one.length === 1 && two.length === 1 && sameJson', 'one.length === 1 && sameJson'),
  fault('lib/contracts/compatibility.ts', 'directions swapped in the name of a break', "backward: 'enum-value-removed', forward: 'enum-value-added'", "backward: 'enum-value-added', forward: 'enum-value-removed'"),
  fault('lib/contracts/subscription.ts', 'what the subscription says about its alarms is dropped', 'CONSUMER_ALARMS[to.kind], options.alarms)', 'CONSUMER_ALARMS[to.kind], undefined)'),
  fault('lib/contracts/json-schema-limits.ts', 'an integer writer is not known to write multiples of 1', '(writer.integer ? 1 : undefined)', 'undefined'),
  fault('lib/contracts/json-schema-draft4.ts', 'an inclusive limit equal to the exclusive one wins', '* limit.sense >= 0', '* limit.sense > 0'),
  fault('lib/contracts/sending.ts', 'criticality of an event type that the channel has not passes', 'strangers.length === 0,', 'strangers.length <= 1,'),
  fault('lib/contracts/json-schema-diff.ts', 'multipleOf is not among the keywords understood', "'exclusiveMaximum', 'multipleOf'],", "'exclusiveMaximum'],"),

  fault('lib/runtime/backpressure/circuit.ts', 'the trial forgets how long it cooled down', "circuit: { state: 'half-open', coolDownMillis: circuit.coolDownMillis }", "circuit: { state: 'half-open', coolDownMillis: 0 }"),
  fault('lib/runtime/measure.ts', 'duplicates of a shard counted as done', '[CONSUMER_METRIC.done]: count(counts.done),\n        [CONSUMER_METRIC.duplicates]: count(counts.duplicates)', '[CONSUMER_METRIC.done]: count(counts.duplicates),\n        [CONSUMER_METRIC.duplicates]: count(counts.done)'),
  fault('lib/runtime/batching.ts', 'await forgotten: the limit does not hold', 'for (const item of queue) await run(item);', 'for (const item of queue) void run(item);'),
  fault('lib/runtime/aws/http.ts', "the wait does not grow with the retries", 'base * 2 ** retries', 'base * 2 * retries'),
  fault('lib/runtime/archive-object.ts', 'the comma before the event forgotten', ',"event":', '"event":'),
  fault('lib/runtime/aws/http.ts', 'the timer of an answer is not cleared', '        clearTimeout(timer);\n        how(value);', '        how(value);'),
  fault('lib/runtime/parking.ts', 'the lot is read without consistency', 'Key: { [PK]: lot }, ConsistentRead: true });\n        const last', 'Key: { [PK]: lot } });\n        const last'),
  fault('lib/runtime/claim-check.ts', 'every trouble of S3 is taken for a missing claim', "if (!isAwsError(error, 'NoSuchKey')) throw error;", ''),
  fault('lib/runtime/breaker-controller.ts', 'on trial a mapping takes whole batches', "mode === 'on' ? batchSize : 1 }", "mode === 'off' ? 1 : batchSize }"),

  fault('lib/constructs/log-archive.ts', 'objects are moved to cold storage although they expire the same day', 'given >= expires', 'given > expires'),
  fault('lib/constructs/event-log.ts', 'one enhanced consumer too few', 'this.enhanced.length > maxEnhancedConsumers', 'this.enhanced.length >= maxEnhancedConsumers'),
  fault('lib/constructs/inbox-table.ts', 'the name of the inbox is not given to the function', '    fn.addEnvironment(ENV.inboxTable, this.table.tableName);\n', ''),
  fault('lib/constructs/table-changes-consumer.ts', 'a table without a stream passes', "found === 'unknown' || found === view", "found === 'unknown' || found === undefined || found === view"),
  fault('lib/constructs/table-changes-consumer.ts', 'filters of the subscription are not deployed', '...filtersOf(name, to.changes, filters) }', '}'),
  fault('lib/constructs/alarms/kinds.ts', 'silence of a measure that the sweeper makes counts as fine', "silence: 'told',\n    silenceBecause: 'the sweeper measures every minute", "silence: 'fine',\n    silenceBecause: 'the sweeper measures every minute"),
  fault('lib/constructs/dashboards/overview-dashboard.ts', 'the age of the oldest unpublished event is averaged', "{ outbox: name }, 'Maximum', name)", "{ outbox: name }, 'Average', name)"),
  fault('lib/constructs/alarms/outbox.ts', 'refused calls of the sweeper do not count as calls', 'IF(FILL(calls, 0) + FILL(refused, 0) > 0', 'IF(FILL(calls, 0) > 0'),
  fault('lib/constructs/access-logs.ts', 'logs of access never expire', '    lifecycleRules: [{ expiration: Duration.days(logRetentionOf(stack)) }],\n', ''),
  fault('lib/constructs/scheduled-work.ts', 'a name of exactly the most characters is given up', 'name.length <= SCHEDULER.maxNameCharacters', 'name.length < SCHEDULER.maxNameCharacters'),

  fault('lib/lint/graph-mappings.ts', 'a window that is not written counts as one second', 'numberOf(properties.MaximumBatchingWindowInSeconds, 0)', 'numberOf(properties.MaximumBatchingWindowInSeconds, 1)'),
  fault('lib/lint/rules/senders.ts', 'fan-out is not asked about: every closed policy is blamed on a topic', 'closedPolicies(graph, isFanOut).map', 'closedPolicies(graph, () => true).map'),
  fault('lib/lint/rules/filters.ts', 'a pattern with one fault passes', "ofRecords(EVENT, 'an event'));\n    if (faults.length === 0) return [];", "ofRecords(EVENT, 'an event'));\n    if (faults.length <= 1) return [];"),
  fault('lib/lint/rules/declarations.ts', "a queue behind a topic is blamed for the topic's group too", "(channel.kind === 'queue' && channel.from !== undefined) || !ordersEverything(channel)", '!ordersEverything(channel)'),
  fault('lib/lint/graph-mappings.ts', 'the default batch sizes of queue and stream swapped', '{ queue: 10, stream: 100 }', '{ queue: 100, stream: 10 }'),
  fault('lib/lint/rules/topics.ts', 'subscriptions of people need dead letters as well', 'MACHINES.includes(protocol) && !hasDeadLetters', '!hasDeadLetters'),
  fault('lib/lint/rules/declarations.ts', 'the largest message is taken for the average', 'const LARGEST_TO_AVERAGE = 4;', 'const LARGEST_TO_AVERAGE = 1;'),
  fault('lib/lint/rules/senders.ts', 'the fix for a role is told to those who send without one', 'send.role === undefined\n', 'send.role !== undefined\n'),
  fault('lib/lint/graph-stores.ts', 'the modes of a stream swapped', "if (listOf(recordOf(mode).StreamMode).includes('ON_DEMAND')) return undefined;\n  return count === undefined ? undefined : numberOf(count, 1);", "if (listOf(recordOf(mode).StreamMode).includes('PROVISIONED')) return undefined;\n  return count === undefined ? undefined : numberOf(count, 1);"),

  fault('lib/operations/cost/system-cost.ts', 'the price per million is per message', 'messages === 0 ? undefined : (dollars / messages) * 1e6', 'messages === 0 ? undefined : (dollars / messages) * 1e3'),
  fault('lib/operations/cost/dynamodb-units.ts', 'the second write of the row forgotten', 'write: row + head + row + cursor', 'write: row + head + cursor'),
  fault('lib/operations/capacity/capacity.ts', 'catching up forgets that new messages come meanwhile', '/ (provisionPerSecond - perSecond)', '/ provisionPerSecond'),
  fault('lib/operations/asyncapi.ts', 'the words for ordered and unordered swapped', "channel.order === 'per-key' ? 'in order per key' : 'without order'", "channel.order === 'per-key' ? 'without order' : 'in order per key'"),
  fault('lib/operations/cost/deployed.ts', 'dashboards and composite alarms count as alarms', "Type === 'AWS::CloudWatch::Alarm')", "Type.startsWith('AWS::CloudWatch::'))"),
  fault('lib/operations/cost/system-cost.ts', 'readers with fan-out counted as shared ones', "readers: readersOf(contract, channel, 'shared'),", "readers: readersOf(contract, channel, 'enhanced'),"),
  fault('lib/operations/cost/rates.ts', 'a rate from the peak says that it was declared', "averageBytes, from: 'peak' }", "averageBytes, from: 'declared' }"),
  fault('lib/operations/asyncapi.ts', 'messages of the document have another content type', "contentType: 'application/json' } },", "contentType: 'application/cloudevents+json' } },"),
  fault('lib/operations/dead-letter-queue.ts', 'the reason stays among the attributes of the message', 'const plain = { body, bytes: Buffer.from(body), attributes: others };', 'const plain = { body, bytes: Buffer.from(body), attributes };'),

  fault('lib/systems/orders/contract.ts', 'e-mails are sent without a lease', "  to: emails,\n  guarantee: 'effectively-once',\n  inbox: 'lease',", "  to: emails,\n  guarantee: 'effectively-once',\n  inbox: 'natural',"),
  fault('lib/systems/orders/tools/ledger.ts', 'the first of a kind counts for nothing', '(counts[value] ?? 0) + 1', '(counts[value] ?? -1) + 1'),
  fault('lib/systems/orders/tools/snapshot.ts', "a consumer's queue has another's stem", "'send-email': 'Emails'", "'send-email': 'Invoices'"),
  fault('lib/systems/orders/tools/snapshot.ts', 'wrapped dead letters are not opened: no client for their objects', 'urlOf(stem), undefined, s3)', 'urlOf(stem), undefined)'),
  fault('lib/systems/orders/tools/check-effects.ts', 'a cancellation counts as a sale', '(cancellation ? -1 : 1) });', '1 });'),
  fault('lib/systems/orders/tools/reconcile.ts', 'the same order refused twice counts twice', 'reasons.set(request.invoiceNo, reply.reason)', 'reasons.set(JSON.stringify([request.invoiceNo, reasons.size]), reply.reason)'),
  fault('lib/systems/orders/tools/check-effects.ts', 'an exact decision counts as lost', 'lose(decided < wanted ? 1 : 0', 'lose(decided <= wanted ? 1 : 0'),
  fault('lib/systems/orders/tools/stock.ts', 'what was there already counts as added', '        added += 1;\n      } catch (error) {', '      } catch (error) {\n        added += 1;'),
  fault('lib/systems/orders/tools/producer.ts', 'one try too many', 'attempt === TRIES', 'attempt > TRIES'),

  fault('lib/local/messaging/receiving.ts', 'a receiver goes on waiting when the engine closes', ' || rest <= 0 || closed) return answer;', ' || rest <= 0) return answer;'),
  fault('lib/local/provision/lambda.ts', 'a property that AWS takes is refused', "    'MaximumRecordAgeInSeconds',\n", ''),
  fault('lib/local/iam/demands.ts', 'a header that policies ask for is misspelt', "'x-amz-server-side-encryption-aws-kms-key-id'", "'x-amz-server-side-encryption-kms-key-id'"),
  fault('lib/local/messaging/dead-letters.ts', 'sources are all queues with a redrive policy', '=== queue.arn)', '!== undefined)'),
  fault('lib/local/cloudwatch/cloudwatch.ts', 'gauges are sampled in the minute that begins', 'metrics.sample(minute - 1);', 'metrics.sample(minute);'),
  fault('lib/local/provision/sqs.ts', 'a default in another unit', "MessageRetentionPeriod: '345600'", "MessageRetentionPeriod: '96'"),
  fault('lib/local/call.ts', 'an answer of 300 and more is taken for good', 'if (status >= 300) throw', 'if (status >= 500) throw'),
  fault('lib/local/cloudwatch/query.ts', 'a query with both an expression and a statistic passes', 'if ((text === undefined) === (stat === undefined))', 'if (text === undefined && stat === undefined)'),
  fault('lib/local/cloudwatch/input.ts', 'epoch seconds taken for milliseconds', ': number * 1_000;', ': number;'),
  fault('lib/local/kinesis/migrate.ts', 'times of migrated records leave their second', 'second * 1_000 + 999);', 'second * 1_000 + 1_999);'),
  fault('lib/local/dynamodb/items.ts', 'a write is answered before it is committed', '      await commit([view]);', '      void commit([view]);'),
  fault('lib/local/provision/schedules.ts', 'a broken schedule shows as a fault of the engine', 'error instanceof ScheduleError ? provisionError(request, error.message) : error;', 'error;'),

  fault('bin/program.ts', 'help ends as a failure', 'error.exitCode === 0 ? EXIT.ok : EXIT.usage;\n}', 'EXIT.usage;\n}'),
  fault('bin/sample-traffic.ts', 'the number of steady orders is reckoned in hours', 'minutes * SECONDS_PER_MINUTE * rate)', 'minutes * rate)'),
  fault('bin/commands/schema.ts', 'warnings fail the check', "findings.every(({ level }) => level === 'warning')", 'findings.length === 0', 'a warning is of a version being made, and that one is not committed: an error stands beside it, always'),
  fault('bin/watch-engine.ts', 'what failed before the start is counted', '      failed = 0;\n      lastCount', '      lastCount'),
  fault('bin/commands/schema.ts', 'stale files get no fix', "...(stale.length === 0 ? []", "...(stale.length >= 0 ? []"),
  fault('bin/sample-traffic.ts', 'connections of the shop stay open', '    bar.stop();\n    shop.close();', '    bar.stop();'),
  fault('bin/lint-report.ts', 'errors are told as warnings', "violation.severity === 'warning' ? 'warning' : 'error'", "violation.severity === 'error' ? 'warning' : 'error'"),
  fault('bin/assembly-templates.ts', 'an empty folder passes', 'if (templates.length === 0)\n', 'if (templates.length < 0)\n'),
  fault('bin/commands/parked.ts', 'one key that flows again is success enough', 'results.every(({ released }) => released) ? 0 : 1', 'results.some(({ released }) => released) ? 0 : 1'),
];
