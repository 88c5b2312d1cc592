/** Integration tests that run on the engine only, and why: what another endpoint cannot do. */
export const ENGINE_ONLY: Readonly<Record<string, string>> = {
  'alarms.test.ts': 'minutes of CloudWatch pass in seconds: only the engine scales time',
  'cdk-diff.test.ts': 'deploys by starting the engine; other endpoints have a deployment by the CDK in main.ts',
  'cost.test.ts':
    'expects the capacity units and messages that services count in CloudWatch, which emulators leave out',
  'dashboards.test.ts':
    'expects data of every metric within minutes that pass in seconds: emulators count few metrics and do not scale time',
  'data-directory.test.ts': "keeps the engine's state over a kill of the engine",
  'delivery.test.ts': 'waits of the breaker and of retries pass in seconds: only the engine scales time',
  'demo.test.ts': 'starts the engine as `npm start` does',
  'destroyed.test.ts': 'deploys by starting the engine; other endpoints have `cdk destroy` in orders.test.ts',
  'faults.test.ts': 'throttles, loses answers and kills functions at a step: only the engine does so on request',
  'first-deployment.test.ts': 'ten minutes of alarms pass in seconds: only the engine scales time',
  'grants.test.ts':
    'takes each permission away and expects AccessDenied: emulators do not enforce roles unless told to',
  'history.test.ts':
    'expects readers with enhanced fan-out and metrics of shards, which emulators leave out or answer without doing',
  'kill.test.ts': 'kills functions between two of their requests: only the engine does so on request',
  'notifications.test.ts':
    'kills functions between two of their requests, and minutes of the breaker pass in seconds: only the engine does so',
  'orders-alarms.test.ts': 'minutes of CloudWatch pass in seconds: only the engine scales time',
  'poison.test.ts': 'starts the engine itself and reads what its functions write, line by line',
  'reminders.test.ts': 'minutes of the ticks pass in seconds: only the engine scales time',
  'sending.test.ts': 'schedules come due in seconds: only the engine scales time',
  'table-changes.test.ts': 'expects retries and partial responses of streams, which emulators leave out',
  'throttled-callers.test.ts': "limits what tables take: only the engine has an account's quotas",
};
