/** `sluice/testing`: tests of handlers, aggregations and producers, without AWS and without waiting. Plain functions, for any test runner. */
export type { DisturbedCall, DisturbedInvocation } from './account/disturbances.ts';
export type { TestOptions, TestTable } from './account/options.ts';
export { NotSettled } from './account/time.ts';
export type { CallFault, InvokeFault } from './calls/faults.ts';
export type { Given, Sent } from './source/given.ts';
export type { TestedLetter } from './source/letters.ts';
export type { ParkedInTest } from './source/parked.ts';
export type { Delivered, MessageReport, Standing } from './source/reports.ts';
export { type AggregationCounts, type TestedAggregation, testAggregation } from './test-aggregation.ts';
export { type TestedConsumer, testConsumer } from './test-consumer.ts';
export { type OutboxRowInTest, type TestedProducer, testProducer } from './test-producer.ts';
export type { FunctionFile } from './tested/code.ts';
export type { LogLine, Tested } from './tested/tested.ts';
export type { TestConsumerOptions, TestedSource } from './tested/tested-source.ts';
