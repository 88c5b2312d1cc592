import { PRODUCER_METRIC } from '../../contracts/agreed/metrics.ts';
import type { Channel } from '../../contracts/channels/channel.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { count, emitMetrics } from '../invocation/telemetry.ts';

/** Set by Lambda in every function. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const IN_LAMBDA = 'AWS_LAMBDA_FUNCTION_NAME';

/**
 * Reports what one call of a publisher sent: a line of metrics for a call, however many events it has. Only in functions: elsewhere
 * nobody makes metrics of lines, and they would stand in the output of a tool.
 */
export function measureSends(
  { name }: Channel,
  { sent, failures }: { readonly sent: number; readonly failures: number },
  runtime: Runtime,
): void {
  if (runtime.env(IN_LAMBDA) === undefined) return;
  const metrics = { [PRODUCER_METRIC.sent]: count(sent), [PRODUCER_METRIC.failures]: count(failures) };
  emitMetrics({ dimensions: { channel: name }, metrics }, runtime);
}
