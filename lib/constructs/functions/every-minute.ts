import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

const MINUTE = Duration.minutes(1);

/**
 * Invokes a function every minute. What fails or comes late is not repeated, because the next run is a minute away: neither by EventBridge, when it cannot
 * hand the event over, nor by Lambda, which would otherwise invoke the function twice more, and keep what it throttles for six hours, so that runs pile up.
 * For the same reason nothing takes what failed: the alarms of the function tell. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
 */
export function everyMinute(scope: Construct, fn: LambdaFunction, description: string): Rule {
  const once = { retryAttempts: 0, maxEventAge: MINUTE };
  fn.configureAsyncInvoke(once);
  return new Rule(scope, 'EveryMinute', {
    description,
    schedule: Schedule.rate(MINUTE),
    targets: [new LambdaTarget(fn, once)],
  });
}
