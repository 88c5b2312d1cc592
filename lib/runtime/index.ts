/** `sluice/runtime`: what runs in a function or a producer. Import single names: a bundle takes only what it uses. */
export { aggregate, type EventOf, type Fold } from './aggregation/aggregate.ts';
export { archive } from './archive/archive.ts';
export { OutOfTime } from './aws/calls/call.ts';
export { type CredentialsProvider, type GivenCredentials, NoCredentials } from './aws/credentials.ts';
export { type RatePolicy, ratePolicy } from './backpressure/aimd.ts';
export {
  type LagSignal,
  type Paced,
  type PacedOptions,
  type PacedPublisher,
  PublishInterrupted,
  pacedPublisher,
  Shed,
} from './backpressure/paced-publisher.ts';
export {
  type ConsumerOptions,
  consume,
  type Handler,
  type HandlerContext,
  type Handlers,
} from './consuming/consume.ts';
export { controlBreakers } from './control/breaker-controller.ts';
export { type Write, WriteRefused } from './inbox/inbox.ts';
export { fingerprintOf, type HandlerResult, type Step } from './inbox/once.ts';
export { MissingEnvironment, requiredEnv } from './invocation/environment.ts';
export { Defer, Fenced, HandlerTimedOut, Outage, Reject, Retry } from './invocation/outcomes.ts';
export { type ProducerRuntimeOptions, producerRuntime } from './invocation/producer-runtime.ts';
export { dynamodb, lambda, type Runtime } from './invocation/runtime.ts';
export { emitMetrics, errorFields, type Fields, type Log, logger, type Metric } from './invocation/telemetry.ts';
export { type Occurrence, occurred, outboxWriter, SequenceConflict, type Transaction } from './outbox/outbox.ts';
export { relayOutbox, sweepOutbox } from './outbox/relay-handlers.ts';
export { isThrottledCall, orThrottled, type ThrottledCall, throttledResponse } from './publishing/called.ts';
export { answered } from './publishing/function-url.ts';
export {
  type IdempotentProducer,
  type IdempotentProducerOptions,
  idempotentProducer,
  ProducerBlocked,
  type ProducerContext,
} from './publishing/idempotent-producer.ts';
export { type Later, type LaterRequest, type LaterResult, later, ScheduleConflict } from './publishing/later.ts';
export {
  InvalidKey,
  MessageTooLarge,
  type Publish,
  type PublisherOptions,
  PublishFailed,
  publisher,
} from './publishing/publish.ts';
