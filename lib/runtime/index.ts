/** `sluice/runtime`: what runs in a function or a producer. Import single names: a bundle takes only what it uses. */
export { aggregate, type EventOf, type Fold } from './aggregate.ts';
export { archive } from './archive.ts';
export { OutOfTime } from './aws/call.ts';
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
export { controlBreakers } from './breaker-controller.ts';
export { isThrottledCall, orThrottled, type ThrottledCall, throttledResponse } from './called.ts';
export { type ConsumerOptions, consume, type Handler, type HandlerContext, type Handlers } from './consume.ts';
export { MissingEnvironment, requiredEnv } from './environment.ts';
export {
  type IdempotentProducer,
  type IdempotentProducerOptions,
  idempotentProducer,
  ProducerBlocked,
  type ProducerContext,
} from './idempotent-producer.ts';
export { type Write, WriteRefused } from './inbox.ts';
export { type Later, type LaterRequest, type LaterResult, later, ScheduleConflict } from './later.ts';
export { fingerprintOf, type HandlerResult, type Step } from './once.ts';
export { type Occurrence, occurred, outboxWriter, SequenceConflict, type Transaction } from './outbox.ts';
export { Defer, Fenced, HandlerTimedOut, Outage, Reject, Retry } from './outcomes.ts';
export { type ProducerRuntimeOptions, producerRuntime } from './producer-runtime.ts';
export {
  InvalidKey,
  MessageTooLarge,
  type Publish,
  type PublisherOptions,
  PublishFailed,
  publisher,
} from './publish.ts';
export { relayOutbox, sweepOutbox } from './relay-handlers.ts';
export { dynamodb, lambda, type Runtime } from './runtime.ts';
export { emitMetrics, errorFields, type Fields, type Log, logger, type Metric } from './telemetry.ts';
