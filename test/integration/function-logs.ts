import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';

/** Lines of a stack's functions that contain a text, asked of CloudWatch Logs. */
export async function linesWith(text: string, stackName: string): Promise<string[]> {
  const logs = new CloudWatchLogsClient({});
  const lambda = new LambdaClient({});
  try {
    const lines: string[] = [];
    for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
      const groups = Functions.filter(({ FunctionName }) => FunctionName?.startsWith(stackName)).map(
        ({ LoggingConfig }) => LoggingConfig?.LogGroup,
      );
      for (const logGroupName of groups) {
        const { events = [] } = await logs.send(
          new FilterLogEventsCommand({ logGroupName, filterPattern: `"${text}"` }),
        );
        lines.push(...events.map(({ message = '' }) => message));
      }
    }
    return lines;
  } finally {
    logs.destroy();
    lambda.destroy();
  }
}
